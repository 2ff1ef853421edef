import { ApiError, fetchFeature, type Feature, type LayerInfo } from '../api.ts';
import { dayText, parseDay, type Day } from '../days.ts';
import { h, icon } from '../dom.ts';
import { formatNumber, t, tMaybe } from '../i18n/index.ts';
import { nameField, styleOf } from '../map/autostyle.ts';
import { isFindings } from '../map/findings.ts';
import type { Hit } from '../map/view.ts';
import type { Moment } from '../moment.ts';
import type { About } from '../network/about.ts';
import { ruleName } from '../network/rules.ts';
import { codeText } from '../network/values.ts';
import { isNetwork, type LayerStore } from '../store.ts';
import { glyphs } from './icons.ts';
import { layerMark } from './marks.ts';
import { errorText } from './messages.ts';
import { fieldTitle, layerTitle, numberText, validText, valueText } from './names.ts';

/** What the panel asks of the page. */
export interface InspectorActions {
  /** Marks a geometry on the map; nothing takes the mark away. */
  mark(geometry: GeoJSON.Geometry | null): void;
  zoomTo(geometry: GeoJSON.Geometry): void;
  /** Looks closer at a place. */
  zoomIn(at: { lng: number; lat: number }): void;
  /** Takes the map to another day. */
  goTo(day: Day): void;
  /** Says more of a feature than its attributes do, where there is more. */
  about(info: LayerInfo, feature: Feature | null, id: number | string | undefined): About | null;
  closed(): void;
}

/** Properties that the server adds to those of the source. */
const added = new Set(['_state', '_from', '_to', '_count']);
/** Names what many features drawn as one are, where there is a better word than feature. */
const massWords: Record<string, 'mass_buildings'> = { buildings: 'mass_buildings' };

/** How long time must stand still before a feature is read again, in milliseconds. */
const calm = 250;

/** The attributes of what was clicked. */
export class Inspector {
  readonly element = h('aside', { class: 'card inspector', id: 'inspector', tabindex: -1, hidden: true });
  private hits: Hit[] = [];
  private at = { lng: 0, lat: 0 };
  private chosen = 0;
  private feature: Feature | null = null;
  private problem: string | null = null;
  private request: AbortController | null = null;
  private renewing: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly store: LayerStore,
    private readonly moment: Moment,
    private readonly actions: InspectorActions,
  ) {
    moment.follow(() => this.renew());
  }

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

  /** Reads the feature again when it is among those that have changed. */
  changed(layer: string, ids: (number | string)[] | null): void {
    const hit = this.hits[this.chosen];
    if (hit?.layer !== layer) return;
    if (ids === null || ids.some((id) => String(id) === String(hit.id))) this.renew();
  }

  /** Reads the feature again in a while, showing it as it was until then. */
  renew(): void {
    if (!this.open) return;
    if (this.renewing !== null) clearTimeout(this.renewing);
    this.renewing = setTimeout(() => {
      this.renewing = null;
      const hit = this.hits[this.chosen];
      if (this.open && hit?.id !== undefined && massOf(hit) === null) void this.read(hit);
    }, calm);
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
    const about = massOf(hit) === null ? this.actions.about(info, this.feature, hit.id) : null;
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
        this.problem !== null && h('p', { class: 'note problem' }, this.problem),
        about && about.element,
        ...(massOf(hit) === null ? [this.life(hit), this.table(hit, about?.fields ?? [])] : [this.mass(hit)]),
        this.footer(hit),
      ),
    );
  }

  private async choose(index: number): Promise<void> {
    const hit = this.hits[index];
    if (!hit) return;
    this.request?.abort();
    this.chosen = index;
    this.feature = null;
    this.problem = null;
    this.actions.mark(null);
    this.render();
    if (hit.id === undefined || massOf(hit) !== null) {
      this.feature = { type: 'Feature', geometry: null, properties: hit.properties };
      this.render();
      return;
    }
    await this.read(hit);
  }

  /** Reads a feature as it is at the moment shown. What was read before stays when it is not there. */
  private async read(hit: Hit): Promise<void> {
    const info = this.store.get(hit.layer)?.info;
    if (hit.id === undefined || !info) return;
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    try {
      const feature = await fetchFeature(hit.layer, hit.id, this.moment.query(info), request.signal);
      if (request.signal.aborted) return;
      this.feature = feature;
      this.problem = null;
      this.actions.mark(feature.geometry);
    } catch (error) {
      if (request.signal.aborted) return;
      this.problem = this.reason(error, this.feature !== null);
      this.actions.mark(null);
    }
    this.render();
  }

  private reason(error: unknown, known: boolean): string {
    if (!(error instanceof ApiError)) return t('featureFailed', { reason: String(error) });
    if (error.status !== 404 || !known) return t('featureFailed', { reason: errorText(error) });
    return this.moment.side === 'now' ? t('featureGone') : t('notThen', { date: dayText(this.moment.day) });
  }

  /** State and valid time, for a feature that has them. */
  private life(hit: Hit): HTMLElement | false {
    const tile = hit.properties;
    const state = this.feature?.state ?? textOf(tile['_state']) ?? 'existing';
    const valid = this.feature?.valid ?? { from: textOf(tile['_from']), to: textOf(tile['_to']) };
    if (state === 'existing' && !valid.from && !valid.to) return false;
    const jump = (at: string | null) => {
      const day = parseDay(at?.slice(0, 10) ?? '');
      if (day === null) return null;
      const label = t('goToDate', { date: dayText(day) });
      return h(
        'button',
        { type: 'button', class: 'small', title: label, 'aria-label': label, onclick: () => this.actions.goTo(day) },
        icon(glyphs.clock),
      );
    };
    return h(
      'p',
      { class: 'life' },
      h('span', { class: 'state', 'data-state': state }, tMaybe(`state_${state}`, state)),
      (valid.from || valid.to) && h('span', { class: 'valid', title: t('validTime') }, validText(valid)),
      jump(valid.from),
    );
  }

  /** What stands in the place of attributes for many features that are drawn as one. */
  private mass(hit: Hit): HTMLElement {
    const style = this.store.get(hit.layer)?.info.style_name ?? '';
    return h(
      'div',
      { class: 'mass' },
      h('p', { class: 'mass-count' }, t(massWords[style] ?? 'mass', { n: formatNumber(massOf(hit) ?? 0) })),
      h('p', { class: 'note' }, t('massHelp')),
      h(
        'button',
        { type: 'button', class: 'primary', onclick: () => this.actions.zoomIn(this.at) },
        t('zoomInHere'),
      ),
    );
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

  /** The attributes, without those that were said before. */
  private table(hit: Hit, said: string[]): HTMLElement {
    const properties = this.feature?.properties ?? hit.properties;
    const fields = this.store.get(hit.layer)?.info.fields ?? [];
    const known = new Map(fields.map((field) => [field.name, field]));
    const order = [
      ...fields.map((field) => field.name).filter((name) => name in properties),
      ...Object.keys(properties).filter((name) => !known.has(name) && !added.has(name)),
    ];
    const info = this.store.get(hit.layer)?.info;
    const named = (title: string) => (info && isFindings(info) ? tMaybe(`findings_${title.toLowerCase()}`, title) : title);
    const left = order.filter((name) => !said.includes(name));
    if (left.length === 0) return h('p', { class: 'note' }, t('noAttributes'));
    return h(
      'dl',
      { class: 'attributes' },
      ...left.flatMap((name) => {
        const field = known.get(name);
        const value = properties[name];
        const code = info && isNetwork(info) ? codeText(name, value) : null;
        const text = code ?? (typeof value === 'number' ? numberText(value, field) : valueText(value));
        return [
          h('dt', { title: name }, named(fieldTitle(field ?? { name, type: '' }))),
          text === null ? h('dd', { class: 'missing' }, '—') : h('dd', {}, linkOrText(text)),
        ];
      }),
    );
  }

  private footer(hit: Hit): HTMLElement {
    const place = `${this.at.lng.toFixed(6)}, ${this.at.lat.toFixed(6)}`;
    const facts: [string, Node][] = [];
    if (hit.id !== undefined && massOf(hit) === null) facts.push([t('featureId'), copyable(String(hit.id))]);
    facts.push([t('coordinates'), copyable(place)]);
    const { geometry } = this.feature ?? {};
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
    if (massOf(hit) !== null) return t('massTitle', { layer });
    return this.nameOf(hit) ?? t('untitledFeature', { layer, id: hit.id === undefined ? '' : `#${hit.id}` }).trim();
  }

  private nameOf(hit: Hit): string | null {
    if (massOf(hit) !== null) return null;
    const info = this.store.get(hit.layer)?.info;
    const field = info && (isNetwork(info) || isFindings(info)) ? 'code' : nameField(info?.fields ?? []);
    if (field === null) return null;
    const whole = hit === this.hits[this.chosen] ? this.feature?.properties?.[field] : undefined;
    const name = valueText(whole ?? hit.properties[field]);
    return name !== null && info && isFindings(info) ? ruleName(name) : name;
  }
}

/** How many features a drawn one stands for, when it is more than itself. */
function massOf({ properties }: Hit): number | null {
  const count = Number(properties['_count']);
  return count > 1 ? count : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
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
