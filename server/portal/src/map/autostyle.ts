import type { FieldInfo, FragmentLayer, LayerInfo, StyleFragment } from '../api.ts';

/** Hues that stay apart from each other and from the base map. */
const palette = ['#3f7fbf', '#d0743c', '#4a9a6b', '#b5547a', '#7a6bbf', '#3d9aa1', '#b58a2f', '#8a5a44', '#5f7f9c', '#9c5fa8'];

/** Fields that usually hold the name of a thing, best first. */
const nameFields = ['name', '名称', 'name_zh', 'name:zh', 'mc', 'title', '标题', 'label', '名字'];

/** The style of a layer: its own, or one made from its geometry and fields. */
export function styleOf(info: LayerInfo): StyleFragment {
  return info.style ?? automaticStyle(info);
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
function automaticStyle(info: LayerInfo): StyleFragment {
  const color = colorOf(info.id);
  const name = nameField(info.fields);
  const layers: FragmentLayer[] = [];
  const of = (kind: 'Polygon' | 'LineString' | 'Point') =>
    info.geometry === 'mixed' ? { filter: ['==', ['geometry-type'], kind] as never } : {};

  if (info.geometry === 'polygon' || info.geometry === 'mixed') {
    layers.push(
      { id: 'fill', slot: 'fills', type: 'fill', ...of('Polygon'), paint: { 'fill-color': color, 'fill-opacity': 0.22 } },
      {
        id: 'outline',
        slot: 'lines',
        type: 'line',
        interactive: false,
        ...of('Polygon'),
        layout: { 'line-join': 'round' },
        paint: {
          'line-color': color,
          'line-opacity': 0.75,
          'line-width': ['interpolate', ['linear'], ['zoom'], 6, 0.4, 12, 0.8, 16, 1.4],
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
        'line-width': ['interpolate', ['linear'], ['zoom'], 6, 0.6, 12, 1.4, 16, 3],
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
    minzoom: Math.max(info.minzoom, alongLine ? 12 : info.geometry === 'point' ? 13 : 8),
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

/** The same layer gets the same colour on every visit. */
function colorOf(id: string): string {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return palette[hash % palette.length] ?? '#3f7fbf';
}
