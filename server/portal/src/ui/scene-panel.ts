import { h } from '../dom.ts';
import { t } from '../i18n/index.ts';
import { hasScene } from '../scene/view.ts';
import type { Shade } from '../scene/theme.ts';
import type { LayerState, LayerStore } from '../store.ts';
import { fieldTitle, layerTitle } from './names.ts';
import { cesiumHome } from './status.ts';

/** What the panel asks of the scene. */
export interface ScenePanelActions {
  colour(layer: string | null, field: string | null): Shade[];
  /** Null for even light. */
  sun(hour: number | null): void;
}

/** How the city looks in 3D: colours by a field, and the sun. */
export class ScenePanel {
  readonly element = h('aside', { class: 'card scene-panel', id: 'scene-panel', hidden: true });
  private field = '';
  private shades: Shade[] = [];
  private sunny = false;
  private hour = 15;

  constructor(
    private readonly store: LayerStore,
    private readonly actions: ScenePanelActions,
  ) {
    store.follow(() => this.render());
    store.followList(() => this.render());
  }

  /** Shows or hides the panel with the scene. */
  show(shown: boolean): void {
    this.element.hidden = !shown;
    if (shown) this.render();
  }

  /** Reads the colours again, once more of the city has been read. */
  renew(): void {
    this.recolour();
    this.render();
  }

  /** Draws the panel again, in the language in use. */
  render(): void {
    if (this.element.hidden) return;
    this.element.setAttribute('aria-label', t('scenePanel'));
    const layers = this.store.visible().filter(hasScene);
    if (this.field !== '' && !layers.some((layer) => this.fields(layer).some(({ value }) => value === this.field))) {
      this.field = '';
      this.recolour();
    }
    const select = h(
      'select',
      {
        id: 'scene-colour',
        class: 'select',
        onchange: (event: Event) => {
          this.field = (event.target as HTMLSelectElement).value;
          this.recolour();
          this.render();
          this.element.querySelector('select')?.focus();
        },
      },
      h('option', { value: '' }, t('sceneOwnColours')),
      ...layers.map((layer) =>
        h('optgroup', { label: layerTitle(layer.info) }, ...this.fields(layer).map(({ value, title }) => h('option', { value, selected: value === this.field }, title))),
      ),
    );
    const sun = h('input', {
      type: 'checkbox',
      class: 'check',
      id: 'scene-sun',
      checked: this.sunny,
      onchange: (event: Event) => {
        this.sunny = (event.target as HTMLInputElement).checked;
        this.actions.sun(this.sunny ? this.hour : null);
        this.render();
        this.element.querySelector<HTMLElement>('#scene-sun')?.focus();
      },
    });
    const clock = h('output', { for: 'scene-hour' }, hourText(this.hour));
    const hour = h('input', {
      type: 'range',
      id: 'scene-hour',
      min: 6,
      max: 18,
      step: 0.25,
      value: this.hour,
      'aria-label': t('sceneHour'),
      oninput: (event: Event) => {
        this.hour = Number((event.target as HTMLInputElement).value);
        clock.textContent = hourText(this.hour);
        this.actions.sun(this.hour);
      },
    });
    const parts = [
      h('label', { for: 'scene-colour' }, t('sceneColour')),
      select,
      this.shades.length > 0 &&
        h('ul', { class: 'scene-legend' }, ...this.shades.map(({ label, color }) => h('li', {}, swatch(color), label || t('sceneOther')))),
      h('div', { class: 'scene-sun' }, sun, h('label', { for: 'scene-sun' }, t('sceneShadows')), this.sunny && clock),
      this.sunny && hour,
      h('p', { class: 'scene-credit' }, t('sceneBy'), h('a', { href: cesiumHome, target: '_blank', rel: 'noopener noreferrer' }, 'CesiumJS')),
    ];
    this.element.replaceChildren(...parts.filter((part) => part !== false));
  }

  private recolour(): void {
    const at = this.field.indexOf('/');
    this.shades = at < 0 ? this.actions.colour(null, null) : this.actions.colour(this.field.slice(0, at), this.field.slice(at + 1));
  }

  private fields({ info }: LayerState): { value: string; title: string }[] {
    return info.fields
      .filter(({ type }) => ['int', 'float', 'text', 'bool'].includes(type))
      .map((field) => ({ value: `${info.id}/${field.name}`, title: fieldTitle(field) }));
  }
}

function swatch(color: string): HTMLElement {
  const box = h('span', { class: 'swatch' });
  box.style.background = color;
  return box;
}

function hourText(hour: number): string {
  const minutes = Math.round((hour % 1) * 60);
  return `${Math.floor(hour)}:${String(minutes).padStart(2, '0')}`;
}
