import type { Map as MapLibreMap } from 'maplibre-gl';
import { h, icon, svg } from '../dom.ts';
import { t } from '../i18n/index.ts';
import { glyphs } from './icons.ts';

/** The buttons that move the camera. */
export class Toolbar {
  readonly element = h('div', { class: 'toolbar' });
  private readonly needle = svg(
    'svg',
    { viewBox: '0 0 20 20', width: 20, height: 20, 'aria-hidden': 'true' },
    svg('path', { d: 'M10 2.5l3.2 7.500H6.800z', fill: '#d8452e' }),
    svg('path', { d: 'M10 17.500L6.8 10h6.400z', fill: '#b8c0c8' }),
  );

  constructor(
    private readonly map: MapLibreMap,
    private readonly fitAll: () => void,
    private readonly scene: { active: boolean; toggle(): void; zoom(part: number): void; north(): void },
  ) {
    map.on('rotate', () => this.turn());
    map.on('pitch', () => this.turn());
    this.render();
  }

  /** Draws the buttons again, in the language in use. */
  render(): void {
    const button = (label: string, content: Node, action: () => void) =>
      h('button', { type: 'button', class: 'tool', title: label, 'aria-label': label, onclick: action }, content);
    this.element.replaceChildren(
      button(t('zoomIn'), icon(glyphs.plus), () => (this.scene.active ? this.scene.zoom(0.4) : this.map.zoomIn())),
      button(t('zoomOut'), icon(glyphs.minus), () => (this.scene.active ? this.scene.zoom(-0.7) : this.map.zoomOut())),
      button(t('resetNorth'), this.needle, () => (this.scene.active ? this.scene.north() : this.map.resetNorthPitch())),
      button(t('fitAll'), icon(glyphs.target), this.fitAll),
      this.cube(),
    );
    this.turn();
  }

  /** The button that changes between the flat map and 3D. */
  private cube(): HTMLElement {
    const label = t(this.scene.active ? 'sceneOff' : 'sceneOn');
    return h(
      'button',
      { type: 'button', class: 'tool', id: 'scene-toggle', title: label, 'aria-label': label, 'aria-pressed': String(this.scene.active), onclick: () => this.scene.toggle() },
      icon(glyphs.cube),
    );
  }

  private turn(): void {
    this.needle.style.transform = `rotate(${-this.map.getBearing()}deg)`;
  }
}
