import type { FragmentLayer, LayerInfo, LegendEntry } from '../api.ts';
import { withOpacity } from './opacity.ts';

/** Colours of what does not stand yet; the same stand in timeline.css. */
const colors = { planned: '#2f6fd0', building: '#d07a1a' };
/** What a feature is, by the property of its tile. */
const state = ['coalesce', ['get', '_state'], 'existing'];

/** What the legend of a layer with time says about areas that do not stand yet. */
export function planLegend(info: LayerInfo, parts: FragmentLayer[]): LegendEntry[] {
  if (info.time === null || !parts.some(({ type }) => type === 'fill')) return [];
  return [
    { label: { zh: '在建', en: 'Under construction' }, shape: 'fill', color: 'rgba(208,122,26,.14)', outline: colors.building, dash: true },
    { label: { zh: '规划', en: 'Planned' }, shape: 'fill', color: 'rgba(47,111,208,.12)', outline: colors.planned, dash: true },
  ];
}

/** The paint of a part in which things that do not stand yet are fainter than those that do. */
export function unbuilt({ type, paint = {} }: FragmentLayer): Record<string, unknown> {
  if (type === 'symbol') return paint;
  const faint = ['match', state, 'planned', 0.35, 'building', 0.6, 1];
  return { ...paint, ...Object.fromEntries(withOpacity(type, paint, faint)) };
}

/** A dashed outline around areas that do not stand yet, above the parts of their layer. */
export function planOutline(parts: FragmentLayer[]): FragmentLayer[] {
  const area = parts.find(({ type }) => type === 'fill');
  if (!area) return [];
  const { slot, rank, minzoom, maxzoom } = area;
  return [
    {
      id: 'plans',
      slot,
      ...(rank === undefined ? {} : { rank }),
      ...(minzoom === undefined ? {} : { minzoom }),
      ...(maxzoom === undefined ? {} : { maxzoom }),
      type: 'line',
      interactive: false,
      filter: ['in', state, ['literal', ['planned', 'building']]] as never,
      paint: {
        'line-color': ['match', state, 'planned', colors.planned, colors.building],
        'line-width': ['interpolate', ['linear'], ['zoom'], 12, 0.6, 15, 1.2, 18, 2],
        'line-dasharray': [2.5, 1.5],
      },
    },
  ];
}
