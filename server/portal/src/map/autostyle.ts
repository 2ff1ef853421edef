import type { FieldInfo, FragmentLayer, LayerInfo, StyleFragment } from '../api.ts';
import { findingsStyle, isFindings } from './findings.ts';

/** Hues that stay apart from each other and from the base map. */
const palette = ['#3f7fbf', '#d0743c', '#4a9a6b', '#b5547a', '#7a6bbf', '#3d9aa1', '#b58a2f', '#8a5a44', '#5f7f9c', '#9c5fa8'];

/** Fields that usually hold the name of a thing, best first. */
const nameFields = ['name', '名称', 'name_zh', 'name:zh', 'mc', 'title', '标题', 'label', '名字'];

/** Room for a name, in pixels each way. */
const labelRoom = 90;

const made = new WeakMap<LayerInfo, StyleFragment>();
let nextColor = 0;

/**
 * The style of a layer: its own, or one made from its geometry and fields. Layers get the colours of
 * the palette in the order in which they are first asked for.
 */
export function styleOf(info: LayerInfo): StyleFragment {
  if (info.style) return info.style;
  if (isFindings(info)) return findingsStyle;
  let style = made.get(info);
  if (!style) {
    style = automaticStyle(info, palette[nextColor++ % palette.length] ?? '#3f7fbf');
    made.set(info, style);
  }
  return style;
}

/** The field of a layer that names its features, if there is one. */
export function nameField(fields: FieldInfo[]): string | null {
  for (const wanted of nameFields) {
    const found = fields.find((field) => field.name.toLowerCase() === wanted);
    if (found) return found.name;
  }
  return fields.find((field) => /名称$|name$/i.test(field.name))?.name ?? null;
}

/** A style that shows any layer decently: by geometry, with a colour of its own and its names. */
function automaticStyle(info: LayerInfo, color: string): StyleFragment {
  const name = nameField(info.fields);
  const layers: FragmentLayer[] = [];
  const of = (kind: 'Polygon' | 'LineString' | 'Point') =>
    info.geometry === 'mixed' ? { filter: ['==', ['geometry-type'], kind] as never } : {};

  if (info.geometry === 'polygon' || info.geometry === 'mixed') {
    layers.push(
      { id: 'fill', slot: 'fills', type: 'fill', ...of('Polygon'), paint: { 'fill-color': color, 'fill-opacity': 0.18 } },
      {
        id: 'outline',
        slot: 'lines',
        type: 'line',
        interactive: false,
        ...of('Polygon'),
        layout: { 'line-join': 'round' },
        paint: {
          'line-color': color,
          'line-opacity': 0.6,
          'line-width': ['interpolate', ['linear'], ['zoom'], 6, 0.3, 12, 0.6, 16, 1.2],
        },
      },
    );
  }
  if (info.geometry === 'line' || info.geometry === 'mixed') {
    layers.push({
      id: 'line',
      slot: 'lines',
      type: 'line',
      ...of('LineString'),
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': color,
        'line-opacity': 0.85,
        'line-width': ['interpolate', ['linear'], ['zoom'], 6, 0.5, 12, 1, 16, 2.4],
      },
    });
  }
  if (info.geometry === 'point' || info.geometry === 'mixed') {
    layers.push({
      id: 'point',
      slot: 'points',
      type: 'circle',
      ...of('Point'),
      paint: {
        'circle-color': color,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 6, 1.6, 12, 3, 16, 5.5],
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 8, 0.4, 14, 1.4],
      },
    });
  }
  if (name !== null) layers.push(nameLabels(info, name));

  const shape = info.geometry === 'line' ? 'line' : info.geometry === 'point' ? 'point' : 'fill';
  return { layers, legend: [{ label: { zh: info.title, en: info.title }, shape, color }] };
}

function nameLabels(info: LayerInfo, name: string): FragmentLayer {
  const alongLine = info.geometry === 'line';
  return {
    id: 'label',
    slot: 'labels',
    type: 'symbol',
    minzoom: labelZoom(info),
    layout: {
      'text-field': ['to-string', ['get', name]],
      'text-size': ['interpolate', ['linear'], ['zoom'], 8, 11, 16, 13],
      'text-max-width': 8,
      ...(alongLine ? { 'symbol-placement': 'line' } : {}),
      ...(info.geometry === 'point' ? { 'text-anchor': 'top', 'text-offset': [0, 0.6] } : {}),
    },
    paint: { 'text-color': '#3d4651', 'text-halo-color': 'rgba(255,255,255,0.92)', 'text-halo-width': 1.4 },
  };
}

/** The zoom at which features lie so far apart that their names have room, if they are spread evenly. */
function labelZoom(info: LayerInfo): number {
  const [west, south, east, north] = info.bounds ?? [-180, -85, 180, 85];
  const spacing = Math.sqrt(((east - west) * (north - south)) / Math.max(info.count, 1));
  const zoom = Math.log2((labelRoom * 360) / (512 * Math.max(spacing, 1e-9)));
  return Math.min(Math.max(Math.round(zoom * 2) / 2, info.minzoom), 17);
}
