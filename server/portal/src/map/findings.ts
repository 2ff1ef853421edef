import type { LayerInfo, StyleFragment } from '../api.ts';

/** How bad a finding is: the worst last, so that it is drawn on top. */
const severities = { info: '#2f6fb7', warning: '#e08a00', error: '#d0021b' };

/** Whether a layer holds what the checks of an import found. */
export function isFindings({ id, fields }: LayerInfo): boolean {
  return id.endsWith('_findings') && ['severity', 'text', 'remedy'].every((name) => fields.some((field) => field.name === name));
}

/** How findings are drawn, by their severity. */
export const findingsStyle: StyleFragment = {
  swatch: Object.values(severities).reverse(),
  layers: [
    {
      id: 'ring',
      slot: 'points',
      rank: 40,
      type: 'circle',
      interactive: false,
      minzoom: 15,
      layout: { 'circle-sort-key': bySeverity(0, 1, 2) },
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 15, 7, 18, 14],
        'circle-color': bySeverity(...Object.values(severities)),
        'circle-opacity': 0.16,
      },
    },
    {
      id: 'point',
      slot: 'points',
      rank: 41,
      type: 'circle',
      layout: { 'circle-sort-key': bySeverity(0, 1, 2) },
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 2, 14, 3.5, 18, 7],
        'circle-color': bySeverity(...Object.values(severities)),
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 10, 0.4, 16, 1.8],
      },
    },
    {
      id: 'code',
      slot: 'labels',
      rank: 30,
      type: 'symbol',
      minzoom: 17,
      layout: {
        'text-field': ['get', 'code'],
        'text-size': 11,
        'text-max-width': 30,
        'text-anchor': 'left',
        'text-offset': [0.9, 0],
        'symbol-sort-key': bySeverity(2, 1, 0),
      },
      paint: { 'text-color': bySeverity('#244f80', '#8a5500', '#a00216'), 'text-halo-color': 'rgba(255,255,255,0.95)', 'text-halo-width': 1.6 },
    },
  ],
  legend: [
    { label: { zh: '错误', en: 'Error' }, shape: 'point', color: severities.error },
    { label: { zh: '警告', en: 'Warning' }, shape: 'point', color: severities.warning },
    { label: { zh: '提示', en: 'Note' }, shape: 'point', color: severities.info },
  ],
};

function bySeverity(...[info, warning, error]: (string | number)[]): unknown[] {
  return ['match', ['get', 'severity'], 'error', error, 'warning', warning, info];
}
