import { h, icon, svg } from '../dom.ts';
import { t } from '../i18n/index.ts';
import type { Padding } from '../map/view.ts';
import { glyphs } from './icons.ts';

/** Below this width the panels are sheets at the bottom; the same number stands in app.css. */
const narrowWidth = '(max-width: 720px)';

/** The page's frame: map, panel, and the places of everything else. */
export class Shell {
  readonly mapBox = h('div', { id: 'map', class: 'map', tabindex: -1 });
  private readonly skip = h('a', { class: 'skip', href: '#map' });
  private readonly panel = h('nav', { class: 'card panel', id: 'panel' });
  private readonly panelBody = h('div', { class: 'panel-body', id: 'panel-body' });
  private readonly handle = h('button', { type: 'button', class: 'small handle', 'aria-controls': 'panel-body' });
  private readonly opener = h('button', { type: 'button', class: 'card opener', 'aria-controls': 'panel-body', hidden: true });
  private readonly language = h('button', { type: 'button', class: 'language' });
  private readonly name = h('span', { class: 'brand-name' });
  private readonly message = h('div', { class: 'message' });
  private readonly bar = h('div', { class: 'busy', role: 'progressbar', hidden: true });
  private readonly rest = h('div', { class: 'rest' });
  /** Whether the time slider lies at the foot of the map. */
  private timelineShown = false;
  private panelOpen = !matchMedia(narrowWidth).matches;

  constructor(changeLanguage: () => void) {
    this.language.addEventListener('click', changeLanguage);
    this.handle.addEventListener('click', () => this.togglePanel());
    this.opener.addEventListener('click', () => {
      this.togglePanel(true);
      this.handle.focus();
    });
    this.skip.addEventListener('click', (event) => {
      // The hash belongs to the camera.
      event.preventDefault();
      (this.mapBox.querySelector<HTMLElement>('canvas') ?? this.mapBox).focus();
    });
    this.panel.append(
      h('header', { class: 'brand' }, logo(), h('span', { class: 'brand-latin' }, 'onemap'), this.name, this.language, this.handle),
      this.panelBody,
    );
    this.followSwipes();
    document.body.append(this.skip, this.mapBox, this.bar, this.panel, this.opener, this.rest, this.message);
    this.render();
  }

  /** Whether the page is as narrow as a phone. */
  narrow(): boolean {
    return matchMedia(narrowWidth).matches;
  }

  /** Draws the frame again, in the language in use. */
  render(): void {
    this.skip.textContent = t('skipToMap');
    this.name.textContent = t('appTitle');
    this.language.textContent = t('language');
    this.language.title = t('switchLanguage');
    this.panel.setAttribute('aria-label', t('catalogue'));
    this.bar.setAttribute('aria-label', t('loadingMap'));
    this.opener.replaceChildren(icon(glyphs.layers), h('span', {}, t('catalogue')));
    this.opener.setAttribute('aria-label', t('openCatalogue'));
    this.renderPanel();
  }

  /** Puts the parts in their places once there is a catalogue. */
  fill(catalogue: HTMLElement, ...rest: HTMLElement[]): void {
    this.panelBody.replaceChildren(catalogue);
    this.rest.replaceChildren(...rest);
  }

  /** Opens or closes the layer panel. */
  togglePanel(open = !this.panelOpen): void {
    this.panelOpen = open;
    this.renderPanel();
    if (!open && !this.narrow()) this.opener.focus();
  }

  /** Shows a message in the middle of the page, or takes it away. */
  say(message: HTMLElement | null): void {
    this.message.replaceChildren(...(message ? [message] : []));
    document.body.classList.toggle('without-map', message !== null);
  }

  /** Makes room for the time slider, or takes it back. */
  withTimeline(shown: boolean): void {
    this.timelineShown = shown;
    document.body.classList.toggle('with-timeline', shown);
  }

  /** Shows whether map data is on its way. */
  busy(busy: boolean): void {
    this.bar.hidden = !busy;
  }

  /** The part of the map that the panels cover, with a little air. */
  freePadding(inspecting: boolean): Padding {
    const slider = this.timelineShown ? (this.narrow() ? 96 : 76) : 0;
    if (this.narrow()) return { top: 40, right: 30, bottom: inspecting ? innerHeight * 0.5 : 120 + slider, left: 30 };
    return { top: 50, right: inspecting ? 400 : 70, bottom: 60 + slider, left: this.panelOpen ? 380 : 50 };
  }

  private renderPanel(): void {
    const label = t(this.panelOpen ? 'closeCatalogue' : 'openCatalogue');
    this.panel.classList.toggle('closed', !this.panelOpen);
    document.body.classList.toggle('panel-open', this.panelOpen);
    this.panelBody.inert = !this.panelOpen;
    this.opener.hidden = this.panelOpen;
    this.opener.setAttribute('aria-expanded', String(this.panelOpen));
    this.handle.replaceChildren(icon(this.narrow() ? glyphs.chevron : glyphs.collapse));
    this.handle.title = label;
    this.handle.setAttribute('aria-label', label);
    this.handle.setAttribute('aria-expanded', String(this.panelOpen));
  }

  /** On a phone the head of the sheet can be pulled up and pushed down. */
  private followSwipes(): void {
    const head = this.panel.querySelector('header');
    let from: number | null = null;
    head?.addEventListener('pointerdown', (event) => {
      from = this.narrow() ? event.clientY : null;
    });
    addEventListener('pointerup', (event) => {
      if (from !== null && Math.abs(event.clientY - from) > 24) this.togglePanel(event.clientY < from);
      from = null;
    });
  }
}

function logo(): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 32 32', width: 28, height: 28, 'aria-hidden': 'true' },
    svg('rect', { width: 32, height: 32, rx: 8, fill: '#1b5fae' }),
    svg('path', { d: 'M16 6 27 12 16 18 5 12Z', fill: '#fff' }),
    svg('path', { d: 'M5 16.4 16 22.4 27 16.4', fill: 'none', stroke: '#fff', 'stroke-opacity': 0.8, 'stroke-width': 2, 'stroke-linejoin': 'round' }),
    svg('path', { d: 'M5 20.6 16 26.6 27 20.6', fill: 'none', stroke: '#fff', 'stroke-opacity': 0.5, 'stroke-width': 2, 'stroke-linejoin': 'round' }),
  );
}
