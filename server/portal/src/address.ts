import type { LayerState } from './store.ts';

/**
 * The part of the page's address that says which layers are shown: `?layers=roads,buildings~60`
 * (60 = opacity in percent). The camera stands in the hash, kept by MapLibre.
 */
export function readLayers(search = location.search): Map<string, number> | null {
  const text = new URLSearchParams(search).get('layers');
  if (text === null) return null;
  const chosen = new Map<string, number>();
  for (const entry of text.split(',')) {
    const [id, percent] = entry.split('~');
    if (!id) continue;
    const opacity = percent === undefined ? 100 : Number(percent);
    chosen.set(id, Number.isFinite(opacity) ? Math.min(Math.max(opacity, 0), 100) / 100 : 1);
  }
  return chosen;
}

/** The value of `layers` for what is shown. */
export function layersText(visible: LayerState[]): string {
  return visible
    .map(({ info, opacity }) => (opacity < 1 ? `${info.id}~${Math.round(opacity * 100)}` : info.id))
    .join(',');
}

/** Puts one value into the query, or takes it out, leaving the rest of the address as it is. */
export function writeQuery(name: string, value: string | null): void {
  const url = new URL(location.href);
  if (value === null) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  // Commas and tildes are legal in a query and easier to read unescaped.
  const query = url.searchParams.toString().replaceAll('%2C', ',').replaceAll('%7E', '~');
  history.replaceState(history.state, '', `${url.pathname}${query && `?${query}`}${url.hash}`);
}
