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
    private readonly scene: { active: boolean; toggle(): void; zoom(part: number): void; north(): void; bearing(): number },
    /** Nothing where there are no networks. */
    private readonly below: { active: boolean; exists: boolean; toggle(): void },
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
      ...(this.below.exists ? [this.pressed('underground-toggle', t('undergroundToggle'), glyphs.pipes, this.below.active, () => this.below.toggle())] : []),
      this.pressed('scene-toggle', t(this.scene.active ? 'sceneOff' : 'sceneOn'), glyphs.cube, this.scene.active, () => this.scene.toggle()),
    );
    this.turn();
  }

  /** A button that is on or off. */
  private pressed(id: string, label: string, path: string, on: boolean, toggle: () => void): HTMLElement {
    return h('button', { type: 'button', class: 'tool', id, title: label, 'aria-label': label, 'aria-pressed': String(on), onclick: toggle }, icon(path));
  }

  /** Turns the needle north. */
  turn(): void {
    this.needle.style.transform = `rotate(${-(this.scene.active ? this.scene.bearing() : this.map.getBearing())}deg)`;
  }
}
