import { ApiError, fetchFeature, type Feature } from '../api.ts';
import { h, icon } from '../dom.ts';
import { t, tMaybe } from '../i18n/index.ts';
import { nameField, styleOf } from '../map/autostyle.ts';
import type { Hit } from '../map/view.ts';
import type { LayerStore } from '../store.ts';
import { glyphs } from './icons.ts';
import { layerMark } from './marks.ts';
import { errorText } from './messages.ts';
import { fieldTitle, layerTitle, numberText, timeText, valueText } from './names.ts';

/** What the panel asks of the page. */
export interface InspectorActions {
  /** Marks a geometry on the map; nothing takes the mark away. */
  mark(geometry: GeoJSON.Geometry | null): void;
  zoomTo(geometry: GeoJSON.Geometry): void;
  closed(): void;
}

/** The attributes of what was clicked. */
export class Inspector {
  readonly element = h('aside', { class: 'card inspector', id: 'inspector', tabindex: -1, hidden: true });
  private hits: Hit[] = [];
  private at = { lng: 0, lat: 0 };
  private chosen = 0;
  private feature: Feature | null = null;
  private problem: string | null = null;
  private request: AbortController | null = null;

  constructor(
    private readonly store: LayerStore,
    private readonly actions: InspectorActions,
  ) {}

  get open(): boolean {
    return !this.element.hidden;
  }

  /** Shows what was hit at a place, topmost first. */
  show(hits: Hit[], at: { lng: number; lat: number }): void {
    this.hits = hits;
    this.at = at;
    this.element.hidden = false;
    void this.choose(0);
  }

  close(): void {
    if (!this.open) return;
    this.request?.abort();
    this.element.hidden = true;
    this.actions.mark(null);
    this.actions.closed();
  }

  /** Draws the panel again, in the language in use. */
  render(): void {
    const hit = this.hits[this.chosen];
    const layer = hit && this.store.get(hit.layer);
    if (!hit || !layer) return;
    const { info } = layer;
    this.element.setAttribute('aria-label', t('attributes'));
    const close = h(
      'button',
      { type: 'button', class: 'small', title: t('closeAttributes'), 'aria-label': t('closeAttributes'), onclick: () => this.close() },
      icon(glyphs.close),
    );
    const loading = this.feature === null && this.problem === null;
    this.element.replaceChildren(
      h(
        'header',
        { class: 'inspector-head' },
        layerMark(styleOf(info)),
        h(
          'div',
          { class: 'inspector-title' },
          h('h2', {}, this.title(hit)),
          h('p', {}, [layerTitle(info), info.department].filter(Boolean).join(' · ')),
        ),
        close,
      ),
      ...this.others(),
      h(
        'div',
        { class: 'inspector-body', 'aria-busy': String(loading) },
        this.problem !== null && h('p', { class: 'note problem' }, t('featureFailed', { reason: this.problem })),
        this.table(hit),
        this.footer(hit),
      ),
    );
  }

  private async choose(index: number): Promise<void> {
    const hit = this.hits[index];
    if (!hit) return;
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    this.chosen = index;
    this.feature = null;
    this.problem = null;
    this.actions.mark(null);
    this.render();
    if (hit.id === undefined) {
      this.feature = { type: 'Feature', geometry: null, properties: hit.properties };
      this.render();
      return;
    }
    try {
      const feature = await fetchFeature(hit.layer, hit.id, request.signal);
      if (request.signal.aborted) return;
      this.feature = feature;
      this.actions.mark(feature.geometry);
    } catch (error) {
      if (request.signal.aborted) return;
      this.problem = error instanceof ApiError ? errorText(error) : String(error);
    }
    this.render();
  }

  /** The list of everything at the place, when there is more than one thing. */
  private others(): HTMLElement[] {
    if (this.hits.length < 2) return [];
    const list = h(
      'div',
      { class: 'hits', role: 'group', 'aria-label': t('featureHere', { n: this.hits.length }) },
      h('p', {}, t('featureHere', { n: this.hits.length })),
      h(
        'ul',
        {},
        ...this.hits.map((hit, index) => {
          const info = this.store.get(hit.layer)?.info;
          if (!info) return null;
          const name = this.nameOf(hit);
          return h(
            'li',
            {},
            h(
              'button',
              { type: 'button', class: 'chip', 'aria-pressed': String(index === this.chosen), onclick: () => void this.choose(index) },
              layerMark(styleOf(info)),
              h('span', {}, name ? `${layerTitle(info)} · ${name}` : layerTitle(info)),
            ),
          );
        }),
      ),
    );
    return [list];
  }

  private table(hit: Hit): HTMLElement {
    const properties = this.feature?.properties ?? hit.properties;
    const fields = this.store.get(hit.layer)?.info.fields ?? [];
    const known = new Map(fields.map((field) => [field.name, field]));
    const order = [
      ...fields.map((field) => field.name).filter((name) => name in properties),
      ...Object.keys(properties).filter((name) => !known.has(name)),
    ];
    if (order.length === 0) return h('p', { class: 'note' }, t('noAttributes'));
    return h(
      'dl',
      { class: 'attributes' },
      ...order.flatMap((name) => {
        const field = known.get(name);
        const value = properties[name];
        const text = typeof value === 'number' ? numberText(value, field) : valueText(value);
        return [
          h('dt', { title: name }, fieldTitle(field ?? { name, type: '' })),
          text === null ? h('dd', { class: 'missing' }, '—') : h('dd', {}, linkOrText(text)),
        ];
      }),
    );
  }

  private footer(hit: Hit): HTMLElement {
    const place = `${this.at.lng.toFixed(6)}, ${this.at.lat.toFixed(6)}`;
    const facts: [string, Node][] = [];
    if (hit.id !== undefined) facts.push([t('featureId'), copyable(String(hit.id))]);
    facts.push([t('coordinates'), copyable(place)]);
    const { state, valid, geometry } = this.feature ?? {};
    if (state) facts.push([t('state'), document.createTextNode(tMaybe(`state_${state}`, state))]);
    if (valid && (valid.from || valid.to)) facts.push([t('validTime'), document.createTextNode(timeText(valid))]);
    return h(
      'footer',
      { class: 'inspector-foot' },
      h('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
      geometry &&
        h(
          'button',
          { type: 'button', class: 'plain', onclick: () => this.actions.zoomTo(geometry) },
          icon(glyphs.target),
          t('zoomToFeature'),
        ),
    );
  }

  private title(hit: Hit): string {
    const info = this.store.get(hit.layer)?.info;
    const layer = info ? layerTitle(info) : hit.layer;
    return this.nameOf(hit) ?? t('untitledFeature', { layer, id: hit.id === undefined ? '' : `#${hit.id}` }).trim();
  }

  private nameOf(hit: Hit): string | null {
    const field = nameField(this.store.get(hit.layer)?.info.fields ?? []);
    if (field === null) return null;
    const whole = hit === this.hits[this.chosen] ? this.feature?.properties?.[field] : undefined;
    return valueText(whole ?? hit.properties[field]);
  }
}

/** Only web addresses become links; everything else stays text. */
function linkOrText(text: string): Node {
  if (!/^https?:\/\/\S+$/i.test(text)) return document.createTextNode(text);
  return h('a', { href: text, target: '_blank', rel: 'noopener noreferrer' }, text);
}

function copyable(text: string): HTMLElement {
  const button = h(
    'button',
    {
      type: 'button',
      class: 'small',
      title: t('copy'),
      'aria-label': `${t('copy')} ${text}`,
      onclick: async () => {
        // The clipboard is closed to pages without TLS, loopback excepted.
        await navigator.clipboard?.writeText(text);
        button.title = t('copied');
        button.classList.add('done');
      },
    },
    icon(glyphs.copy),
  );
  return h('span', { class: 'copyable' }, h('span', {}, text), navigator.clipboard ? button : null);
}
