import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { tileJsonUrl, type LayerInfo } from '../api.ts';
import { styleOf } from './autostyle.ts';
import { withOpacity } from './opacity.ts';
import { drawOrder } from './slots.ts';

/** Fonts of the machine that have Chinese, tried in this order; no font file is fetched. */
const localFonts = ['PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'WenQuanYi Micro Hei'];

/** For ideographs in text that names no font of its own. */
export const ideographs = `${localFonts.map((font) => `"${font}"`).join(',')},sans-serif`;

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

/** The map before any data: the calm ground that city layers stand on. */
export function emptyStyle(): StyleSpecification {
  return {
    version: 8,
    name: 'onemap',
    sources: {},
    layers: [{ id: 'background', type: 'background', paint: { 'background-color': '#e8ebe9' } }],
  };
}

/** Makes the sources that a layer's style draws from: its tiles, and tiles of low zooms for labels. */
export function sourcesOf(info: LayerInfo): StyleSpecification['sources'] {
  const url = tileJsonUrl(info.id);
  const sources: StyleSpecification['sources'] = {};
  for (const { whole = false } of styleOf(info).layers) {
    sources[sourceName(info, whole)] = { type: 'vector', url, ...(whole === false ? {} : { maxzoom: zoomFor(info, whole) }) };
  }
  return sources;
}

/** The catalogue layer that a source belongs to. */
export function layerOfSource(source: string): string {
  return source.slice(source.indexOf(':') + 1);
}

/** Makes the map layers of a catalogue layer. */
export function compose(info: LayerInfo, catalogueIndex: number, opacity: number): ComposedLayer[] {
  return styleOf(info).layers.map((part, position) => {
    const { slot, rank = 0, whole = false, interactive = part.type !== 'symbol', ...rest } = part;
    const paint = part.paint ?? {};
    const spec = {
      ...rest,
      id: `${info.id}/${part.id}`,
      source: sourceName(info, whole),
      'source-layer': info.id,
      ...(part.type === 'symbol' ? { layout: withLocalFonts(part.layout ?? {}) } : {}),
      paint: { ...paint, ...Object.fromEntries(withOpacity(part.type, paint, opacity)) },
    } as unknown as LayerSpecification;
    const ground = slot === 'ground' || slot === 'fills';
    return { spec, layer: info.id, order: drawOrder(slot, rank, catalogueIndex, position), interactive, ground, paint };
  });
}

/**
 * The zoom whose tiles hold the layer in as few pieces as possible, still with enough detail for a
 * label point. A tile cuts a polygon in pieces and each would be labelled; drawn from this zoom, a
 * district has one label however far one zooms in.
 */
function wholeZoom(info: LayerInfo): number {
  const [west, south, east, north] = info.bounds ?? [-180, -85, 180, 85];
  const column = (lon: number, zoom: number) => Math.floor(((lon + 180) / 360) * 2 ** zoom);
  const row = (lat: number, zoom: number) => {
    const sine = Math.sin((Math.min(Math.max(lat, -85.05), 85.05) * Math.PI) / 180);
    return Math.floor((0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * 2 ** zoom);
  };
  let fits = 0;
  let small = 0;
  for (let zoom = 1; zoom <= info.maxzoom; zoom++) {
    const columns = column(east, zoom) - column(west, zoom);
    const rows = row(south, zoom) - row(north, zoom);
    if (columns === 0 && rows === 0) fits = zoom;
    if (columns <= 1 && rows <= 1) small = zoom;
  }
  // A city that lies on a tile border would fit only into a tile of half the world.
  return Math.min(Math.max(fits, small - 2, info.minzoom, 1), Math.max(info.maxzoom, 1));
}

function zoomFor(info: LayerInfo, whole: true | number): number {
  return whole === true ? wholeZoom(info) : Math.min(Math.max(whole, info.minzoom), info.maxzoom);
}

function sourceName(info: LayerInfo, whole: boolean | number): string {
  return whole === false ? `tiles:${info.id}` : `zoom${zoomFor(info, whole)}:${info.id}`;
}

/** Replaces the font stack by fonts of the machine, keeping the weight that the style asks for. */
function withLocalFonts(layout: Record<string, unknown>): Record<string, unknown> {
  const asked = Array.isArray(layout['text-font']) ? String(layout['text-font'][0]) : '';
  const weight = /bold|medium/i.exec(asked)?.[0] ?? 'Regular';
  return { ...layout, 'text-font': [`onemap ${weight}`, ...localFonts] };
}
