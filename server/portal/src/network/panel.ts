import { h, icon } from '../dom.ts';
import { t } from '../i18n/index.ts';
import { styleOf } from '../map/autostyle.ts';
import { glyphs } from '../ui/icons.ts';
import { layerMark } from '../ui/marks.ts';
import { layerTitle } from '../ui/names.ts';
import type { NetworkDesk } from './desk.ts';
import { metresText } from './names.ts';
import { intakeView } from './intake-view.ts';
import { depthField, resultOf } from './results.ts';

type Child = Node | null | false;

/** What lies below: the mode, the networks, the tools, and what was found. */
export class NetworkPanel {
  readonly element = h('aside', { class: 'card inspector network-panel', id: 'network-panel', tabindex: -1, hidden: true });
  private folded = false;
  /** What the body showed last: it stays where it was scrolled while that is the same. */
  private last: unknown = null;

  constructor(
    private readonly desk: NetworkDesk,
    private readonly closed: () => void,
  ) {}

  get open(): boolean {
    return !this.element.hidden;
  }

  /** Opens the panel. */
  show(): void {
    this.folded = false;
    this.element.hidden = false;
    this.render();
  }

  /** Closes the panel, with what was found and the mode. */
  close(): void {
    if (!this.open) return;
    this.element.hidden = true;
    this.desk.clear();
    this.desk.setUnderground(false);
    this.closed();
  }

  /** Draws the panel again, in the language in use. */
  render(): void {
    if (!this.open) return;
    const { desk } = this;
    const { result, busy, problem } = desk;
    const drawing = desk.sketch.drawing !== null;
    const focused = this.element.contains(document.activeElement) ? this.placeOf(document.activeElement) : null;
    this.element.setAttribute('aria-label', t('underground'));
    this.element.classList.toggle('folded', this.folded);
    const asked = result !== null || busy || problem !== null || desk.takesIn;
    const body = h(
      'div',
      { class: 'inspector-body', 'aria-busy': String(busy), 'aria-live': 'polite' },
      !drawing && this.pending(),
      ...(drawing ? this.drawing() : desk.takesIn ? intakeView(desk, desk.intake) : asked ? this.found() : this.home()),
    );
    const key = desk.takesIn ? 'intake' : (result?.question.name ?? null);
    const scrolled = this.last === key ? (this.element.querySelector('.inspector-body')?.scrollTop ?? 0) : 0;
    this.last = key;
    this.element.replaceChildren(
      h(
        'header',
        { class: 'inspector-head' },
        asked && !drawing
          ? this.small(t('net_back'), glyphs.back, () => desk.clear())
          : h('span', { class: 'network-sign', 'aria-hidden': 'true' }, icon(glyphs.pipes)),
        h(
          'div',
          { class: 'inspector-title' },
          h('h2', {}, desk.takesIn ? t('intake') : result && !drawing ? result.title() : t('underground')),
          result && !drawing ? result.subject !== '' && h('p', {}, result.subject) : h('p', {}, t(desk.takesIn ? 'intakeHelp' : 'undergroundHelp')),
        ),
        this.small(t(this.folded ? 'net_unfold' : 'net_fold'), glyphs.chevron, () => this.fold(), !this.folded),
        this.small(t('undergroundClose'), glyphs.close, () => this.close()),
      ),
      body,
    );
    body.scrollTop = scrolled;
    if (focused !== null) this.element.querySelectorAll<HTMLElement>('button, input, select, a, summary')[focused]?.focus({ preventScroll: true });
  }

  private fold(): void {
    this.folded = !this.folded;
    this.render();
  }

  private small(label: string, path: string, action: () => void, expanded?: boolean): HTMLElement {
    const state = expanded === undefined ? {} : { 'aria-expanded': String(expanded) };
    return h('button', { type: 'button', class: 'small handle', title: label, 'aria-label': label, ...state, onclick: action }, icon(path));
  }

  /** The place of the focused control among all, so that it keeps the focus. */
  private placeOf(element: Element | null): number | null {
    const at = [...this.element.querySelectorAll('button, input, select, a, summary')].indexOf(element as HTMLElement);
    return at < 0 ? null : at;
  }

  /** Where a profile is to begin, while it is not known where it ends. */
  private pending(): Child {
    const { desk } = this;
    return (
      desk.profileFrom &&
      h(
        'p',
        { class: 'net-pending', role: 'status' },
        icon(glyphs.section),
        h('span', {}, t('net_profileFrom', { code: desk.profileFrom.code })),
        h('button', { type: 'button', class: 'link', onclick: () => desk.dropProfile() }, t('net_cancel')),
      )
    );
  }

  /** Before anything is asked. */
  private home(): Child[] {
    const { desk } = this;
    const tool = (id: string, label: string, help: string, path: string, action: () => void) =>
      h(
        'button',
        { type: 'button', class: 'net-tool', id, disabled: desk.shown.length === 0, onclick: action },
        icon(path),
        h('span', {}, h('strong', {}, label), h('small', {}, help)),
      );
    return [
      h(
        'label',
        { class: 'net-switch' },
        h('span', {}, h('strong', {}, t('undergroundMode')), h('small', {}, t('undergroundModeHelp'))),
        h('input', { type: 'checkbox', role: 'switch', id: 'underground-mode', checked: desk.underground, onchange: (event: Event) => desk.setUnderground((event.target as HTMLInputElement).checked) }),
      ),
      h(
        'div',
        { class: 'net-networks', role: 'group', 'aria-label': t('kind_network') },
        ...desk.networks.map(({ info, visible }) =>
          h('button', { type: 'button', class: 'chip', 'data-network': info.id, 'aria-pressed': String(visible), onclick: () => desk.showNetwork(info.id, !visible) }, layerMark(styleOf(info)), h('span', {}, layerTitle(info))),
        ),
      ),
      h('p', { class: 'net-hint' }, icon(glyphs.pick), h('span', {}, t('net_pickHint'))),
      h(
        'div',
        { class: 'net-tools' },
        tool('network-section', t('net_section'), t('net_sectionHelp'), glyphs.section, () => desk.draw('line')),
        tool('network-excavation', t('net_excavation'), t('net_excavationHelp'), glyphs.pit, () => desk.draw('polygon')),
        tool('network-cover', t('net_cover'), t('net_coverHelp'), glyphs.cover, () => desk.cover()),
        tool('network-statistics', t('net_statistics'), t('net_statisticsHelp'), glyphs.chart, () => desk.statistics()),
        tool('network-intake', t('intake'), t('intakeHelp'), glyphs.check, () => desk.takeIn()),
      ),
    ];
  }

  /** While a line or an area is drawn. */
  private drawing(): Child[] {
    const { desk } = this;
    const { sketch } = desk;
    const length = sketch.count > 1 && sketch.drawing === 'line' ? metresText(sketch.length) : '';
    const button = (label: string, action: () => void, primary = false, disabled = false) =>
      h('button', { type: 'button', class: primary ? 'plain strong' : 'plain', disabled, onclick: action }, label);
    return [
      h('p', { class: 'net-drawing', role: 'status' }, h('strong', {}, t(sketch.drawing === 'line' ? 'net_drawLine' : 'net_drawArea')), h('span', {}, length)),
      h('p', { class: 'net-note' }, t(matchMedia('(pointer: coarse)').matches ? 'net_drawHelpTouch' : 'net_drawHelp')),
      sketch.drawing === 'polygon' && depthField(desk),
      h(
        'p',
        { class: 'net-downloads' },
        button(t('net_drawDone'), () => sketch.finish(), true, !sketch.complete),
        button(t('net_drawUndo'), () => sketch.undo(), false, sketch.count === 0),
        button(t('net_cancel'), () => desk.escape()),
      ),
    ];
  }

  /** What was found, or why nothing was. */
  private found(): Child[] {
    const { result, busy, problem } = this.desk;
    return [
      problem !== null && h('p', { class: 'note problem', role: 'alert' }, problem),
      busy && !result && h('p', { class: 'note', role: 'status' }, t('net_asking')),
      ...(result ? resultOf(this.desk, result) : []),
    ];
  }
}
