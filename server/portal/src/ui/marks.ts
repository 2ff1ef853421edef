import type { LegendEntry, StyleFragment } from '../api.ts';
import { svg } from '../dom.ts';
import { pictogram } from '../map/icons.ts';

/** A legend mark of 22 by 16, drawn as the map draws the thing. */
export function mark(entry: LegendEntry | undefined): SVGElement {
  const box = svg('svg', { viewBox: '0 0 22 16', width: 22, height: 16, 'aria-hidden': 'true', class: 'mark' });
  if (!entry) return box;
  const width = Math.min(Math.max(entry.width ?? 3, 1), 7);
  if (entry.shape === 'fill') {
    box.append(svg('rect', { x: 2, y: 2, width: 18, height: 12, rx: 2.5, fill: entry.color, stroke: entry.outline ?? 'rgba(0,0,0,.18)', ...(entry.dash ? { 'stroke-dasharray': '3 2' } : {}) }));
  } else if (entry.shape === 'line') {
    const path = 'M2 8h18';
    if (entry.outline) box.append(svg('path', { d: path, stroke: entry.outline, 'stroke-width': width + 2, 'stroke-linecap': 'round' }));
    const dash: Record<string, string> = entry.dash ? { 'stroke-dasharray': '4 3' } : { 'stroke-linecap': 'round' };
    box.append(svg('path', { d: path, stroke: entry.color, 'stroke-width': width, ...dash }));
  } else if (entry.icon) {
    box.append(svg('circle', { cx: 11, cy: 8, r: 7.5, fill: entry.color }));
    const path = pictogram(entry.icon);
    if (path) {
      box.append(
        svg('g', { transform: 'translate(11 8) scale(.52) translate(-12 -12)' }, svg('path', { d: path, fill: '#fff', 'fill-rule': 'evenodd' })),
      );
    }
  } else {
    box.append(svg('circle', { cx: 11, cy: 8, r: 4.5, fill: entry.color, stroke: entry.outline ?? '#fff', 'stroke-width': 1.5 }));
  }
  return box;
}

/** The mark that stands for a whole layer: its swatch, or its first legend entry. */
export function layerMark(style: StyleFragment): SVGElement {
  const colors = style.swatch ?? [];
  if (colors.length === 0) return mark(style.legend[0]);
  const box = svg('svg', { viewBox: '0 0 22 16', width: 22, height: 16, 'aria-hidden': 'true', class: 'mark' });
  const width = 18 / colors.length;
  colors.forEach((color, index) => box.append(svg('rect', { x: 2 + index * width, y: 2, width, height: 12, fill: color })));
  box.append(svg('rect', { x: 2, y: 2, width: 18, height: 12, rx: 1, fill: 'none', stroke: 'rgba(0,0,0,.22)' }));
  return box;
}
