import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import type { FragmentLayer, LayerInfo } from '../api.ts';
import { styleOf } from './autostyle.ts';
import { tileUrl } from './feeds.ts';
import { withOpacity } from './opacity.ts';
import { planOutline, unbuilt } from './plans.ts';
import { drawOrder } from './slots.ts';

/** Fonts of the machine that have Chinese, tried in this order; no font file is fetched. */
const localFonts = ['PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'WenQuanYi Micro Hei'];

/** For ideographs in text that names no font of its own. */
export const ideographs = `${localFonts.map((font) => `"${font}"`).join(',')},sans-serif`;

/** The filter of parts that are for areas; label points are of areas only. */
const areas = JSON.stringify(['==', ['geometry-type'], 'Polygon']);

/** A layer ready for MapLibre, with what this page must know about it. */
export interface ComposedLayer {
  spec: LayerSpecification;
  layer: string;
  order: number;
  interactive: boolean;
  /** Whether it is ground that other things stand on. */
  ground: boolean;
  /** Paint as the style has it, before the layer's opacity is applied. */
  paint: Record<string, unknown>;
}

/** The colour of what no layer covers, seen from above and from below. */
export const ground = { above: '#e8ebe9', below: '#f3f4f2' };

/** The map before any data: the calm ground that city layers stand on. */
export function emptyStyle(): StyleSpecification {
  return {
    version: 8,
    name: 'onemap',
    sources: {},
    layers: [{ id: 'background', type: 'background', paint: { 'background-color': ground.above } }],
  };
}

/** A source of tiles, with the name that the server knows these by. */
export interface TileSource {
  tiles: string;
  spec: SourceSpecification;
}

/**
 * Makes the sources that a layer's style draws from, by their ids: its tiles, and the label points of
 * its areas. `query` chooses the moment that they show. The catalogue says all that a TileJSON would.
 */
export function sourcesOf(info: LayerInfo, query: string): Map<string, TileSource> {
  const sources = new Map<string, TileSource>();
  if (info.kind === 'tileset') return sources;
  for (const part of styleOf(info).layers) {
    const tiles = tilesOf(info, part);
    const spec: SourceSpecification = {
      type: 'vector',
      tiles: [tileUrl(tiles, query)],
      minzoom: info.minzoom,
      maxzoom: info.maxzoom,
      ...(info.bounds ? { bounds: info.bounds } : {}),
    };
    sources.set(sourceName(info, tiles), { tiles, spec });
  }
  return sources;
}

/** The catalogue layer that a source belongs to. */
export function layerOfSource(source: string): string {
  return source.slice(source.indexOf(':') + 1);
}

/** Makes the map layers of a catalogue layer. */
export function compose(info: LayerInfo, catalogueIndex: number, opacity: number): ComposedLayer[] {
  // What was made in 3D elsewhere has nothing flat.
  const parts = info.kind === 'tileset' ? [] : styleOf(info).layers;
  const drawn = info.time === null ? parts : [...parts.map((part) => ({ ...part, paint: unbuilt(part) })), ...planOutline(parts)];
  return drawn.map((part, position) => {
    const { slot, rank = 0, interactive = part.type !== 'symbol', filter, repeat: _, ...rest } = part;
    const tiles = tilesOf(info, part);
    const needless = tiles !== info.id && JSON.stringify(filter) === areas;
    const paint = part.paint ?? {};
    const spec = {
      ...rest,
      ...(filter === undefined || needless ? {} : { filter }),
      id: `${info.id}/${part.id}`,
      source: sourceName(info, tiles),
      'source-layer': tiles,
      ...(part.type === 'symbol' ? { layout: withLocalFonts(part.layout ?? {}) } : {}),
      paint: { ...paint, ...Object.fromEntries(withOpacity(part.type, paint, opacity)) },
    } as unknown as LayerSpecification;
    const ground = slot === 'ground' || slot === 'fills';
    return { spec, layer: info.id, order: drawOrder(slot, rank, catalogueIndex, position), interactive, ground, paint };
  });
}

/**
 * The name of the tiles that a part of a style draws from. Names of areas stand at their label points:
 * a tile cuts an area in pieces, and each would be named.
 */
function tilesOf(info: LayerInfo, { type, layout, filter, repeat = false }: FragmentLayer): string {
  const namesAreas = type === 'symbol' && !repeat && !String(layout?.['symbol-placement'] ?? 'point').startsWith('line');
  const onlyAreas = info.geometry === 'polygon' || (info.geometry === 'mixed' && JSON.stringify(filter) === areas);
  return namesAreas && onlyAreas ? `${info.id}.label` : info.id;
}

function sourceName(info: LayerInfo, tiles: string): string {
  return tiles === info.id ? `tiles:${info.id}` : `labels:${info.id}`;
}

/** Fonts of the machine, in a weight. */
export function localFontStack(weight: string): string[] {
  return [`onemap ${weight}`, ...localFonts];
}

/** Replaces the font stack by fonts of the machine, keeping the weight that the style asks for. */
function withLocalFonts(layout: Record<string, unknown>): Record<string, unknown> {
  const asked = Array.isArray(layout['text-font']) ? String(layout['text-font'][0]) : '';
  const weight = /bold|medium/i.exec(asked)?.[0] ?? 'Regular';
  return { ...layout, 'text-font': localFontStack(weight) };
}
