import { addMonths, asDate, dayText, parseDay, today, type Day } from '../days.ts';
import { h, icon } from '../dom.ts';
import { locale, t } from '../i18n/index.ts';
import { extentOf, type Moment } from '../moment.ts';
import type { LayerStore } from '../store.ts';
import { glyphs } from './icons.ts';
import { Player } from './player.ts';
import { ticks } from './ticks.ts';

/** How near to today a pointer must come to mean today, in pixels. */
const magnet = 5;
/** Half the width of a letter of the scale, and the free space on each side of it, in pixels. */
const halfLetter = 3.3;
const margin = 15;
/** Below so many days a pixel, days can be told apart with a pointer; above, it goes by months. */
const daysApart = 3;

/** What the slider asks of the page. */
export interface TimelineActions {
  /** Whether the map shows the moment that was asked for. */
  settled(): boolean;
  /** Reads what another day will need. */
  prepare(day: Day): void;
  /** The slider has come or gone. */
  resized(shown: boolean): void;
}

/** The slider over time at the foot of the map; there is none while no visible layer has time. */
export class Timeline {
  readonly element = h('section', { class: 'card timeline', id: 'timeline', hidden: true });
  private readonly play = h('button', { type: 'button', class: 'tl-play', onclick: () => this.player.toggle() });
  private readonly speed = h('button', { type: 'button', class: 'tl-button tl-speed', onclick: () => this.player.faster() });
  private readonly scale = h('div', { class: 'tl-scale', 'aria-hidden': 'true' });
  private readonly future = h('div', { class: 'tl-future' });
  private readonly now = h('div', { class: 'tl-now' });
  private readonly handle = h('div', { class: 'tl-handle', role: 'slider', tabindex: 0, id: 'timeline-handle' });
  private readonly flag = h('span', { class: 'tl-flag', 'aria-hidden': 'true' });
  private readonly track = h(
    'div',
    { class: 'tl-track' },
    h('div', { class: 'tl-rail' }, this.future, this.now),
    this.scale,
    this.handle,
  );
  private readonly field = h('input', { class: 'tl-date', id: 'timeline-date', type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 16 });
  private readonly fieldLabel = h('label', { class: 'unseen', for: 'timeline-date' });
  private readonly todayButton = h('button', { type: 'button', class: 'tl-button tl-today', onclick: () => this.go(today()) });
  private readonly plans = h('input', { type: 'checkbox', class: 'check', id: 'timeline-plans' });
  private readonly plansText = h('span');
  private readonly plansLabel = h('label', { class: 'tl-plans', for: 'timeline-plans' }, this.plans, this.plansText);
  private readonly player: Player;
  private from: Day = 0;
  private to: Day = 1;

  constructor(
    private readonly store: LayerStore,
    private readonly moment: Moment,
    private readonly actions: TimelineActions,
  ) {
    this.player = new Player(moment, actions, () => this.renderPlayer());
    this.handle.append(this.flag);
    this.element.append(
      this.play,
      this.track,
      h('div', { class: 'tl-side' }, this.fieldLabel, this.field, this.todayButton, this.plansLabel, this.speed),
    );
    this.followPointer();
    this.handle.addEventListener('keydown', (event) => this.key(event));
    this.field.addEventListener('change', () => this.typed());
    this.field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.typed();
      if (event.key === 'Escape') {
        event.stopPropagation();
        this.renderMoment();
      }
    });
    this.field.addEventListener('focus', () => this.field.select());
    this.plans.addEventListener('change', () => moment.change({ plans: this.plans.checked }));
    moment.follow(() => this.renderMoment());
    store.follow(() => this.renderExtent());
    store.followList(() => this.renderExtent());
    new ResizeObserver(() => this.renderScale()).observe(this.track);
    this.render();
  }

  /** Whether there is anything to slide over. */
  get shown(): boolean {
    return !this.element.hidden;
  }

  /** Draws the slider again, in the language in use. */
  render(): void {
    this.element.setAttribute('aria-label', t('timeline'));
    this.handle.setAttribute('aria-label', t('timelineDate'));
    this.fieldLabel.textContent = t('timelineType');
    this.field.title = t('timelineTypeHelp');
    this.todayButton.textContent = t('today');
    this.todayButton.title = t('todayHelp');
    this.plansText.textContent = t('withPlans');
    this.plansLabel.title = t('withPlansHelp');
    this.renderExtent();
    this.renderPlayer();
  }

  private renderExtent(): void {
    const extent = extentOf(this.store.visible().map(({ info }) => info));
    const shown = extent !== null;
    if (shown) {
      // A linked date outside the data stays within reach.
      this.from = Math.min(extent[0], this.moment.day);
      this.to = Math.max(extent[1], this.moment.day);
      this.player.span(this.from, this.to);
    } else {
      this.player.pause();
    }
    if (shown === this.element.hidden) {
      this.element.hidden = !shown;
      this.actions.resized(shown);
    }
    if (!shown) return;
    this.handle.setAttribute('aria-valuemin', String(this.from));
    this.handle.setAttribute('aria-valuemax', String(this.to));
    this.renderScale();
    this.renderMoment();
  }

  private renderScale(): void {
    const width = this.track.clientWidth;
    if (width === 0) return;
    const marks = ticks(this.from, this.to, width).map(({ day, text }) => {
      const x = this.share(day) * width;
      // A text at the very edge may stick out into the margin, but not further.
      const half = text.length * halfLetter;
      const room = x - half > -margin && x + half < width + margin;
      const mark = h('span', { class: text ? 'tl-tick named' : 'tl-tick' }, text && room ? h('span', {}, text) : null);
      mark.style.left = `${x}px`;
      return mark;
    });
    this.scale.replaceChildren(...marks);
    const now = this.share(today()) * 100;
    this.now.style.left = `${now}%`;
    this.future.style.left = `${now}%`;
  }

  private renderMoment(): void {
    const { day, side } = this.moment;
    const share = this.share(day);
    this.handle.style.left = `${share * 100}%`;
    this.handle.style.setProperty('--lean', String(share));
    this.flag.textContent = dayText(day);
    const long = new Intl.DateTimeFormat(locale(), { dateStyle: 'long', timeZone: 'UTC' }).format(asDate(day));
    this.handle.setAttribute('aria-valuenow', String(day));
    this.handle.setAttribute('aria-valuetext', `${long} (${t(`side_${side}`)})`);
    this.element.dataset['side'] = side;
    if (document.activeElement !== this.field || this.player.playing) this.field.value = dayText(day);
    this.field.setAttribute('aria-invalid', 'false');
    this.todayButton.disabled = side === 'now';
    this.plans.checked = this.moment.withPlans;
  }

  private renderPlayer(): void {
    const label = t(this.player.playing ? 'pause' : 'play');
    this.play.replaceChildren(icon(this.player.playing ? glyphs.pause : glyphs.play));
    this.play.setAttribute('aria-label', label);
    this.play.title = label;
    const pace = t(`pace_${this.player.unit}`, { n: this.player.pace });
    this.speed.textContent = pace;
    this.speed.title = t('speedHelp');
    this.speed.setAttribute('aria-label', `${t('speed')} ${pace}`);
  }

  private share(day: Day): number {
    return Math.min(Math.max((day - this.from) / Math.max(this.to - this.from, 1), 0), 1);
  }

  private go(day: Day): void {
    this.player.pause();
    this.moment.change({ date: Math.min(Math.max(day, this.from), this.to) });
  }

  private typed(): void {
    const day = parseDay(this.field.value);
    if (day === null) {
      this.field.setAttribute('aria-invalid', 'true');
      return;
    }
    this.player.pause();
    this.moment.change({ date: day });
    this.renderExtent();
    this.field.value = dayText(day);
  }

  private key(event: KeyboardEvent): void {
    const { day } = this.moment;
    const step = event.shiftKey ? 12 : 1;
    const target: Record<string, () => Day> = {
      ArrowLeft: () => addMonths(day, -step),
      ArrowDown: () => addMonths(day, -step),
      ArrowRight: () => addMonths(day, step),
      ArrowUp: () => addMonths(day, step),
      PageDown: () => addMonths(day, -12),
      PageUp: () => addMonths(day, 12),
      Home: () => this.from,
      End: () => this.to,
    };
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      this.player.toggle();
      return;
    }
    const reach = target[event.key];
    if (!reach || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.go(reach());
  }

  private followPointer(): void {
    let dragging = false;
    const move = (event: PointerEvent) => {
      const box = this.track.getBoundingClientRect();
      const x = Math.min(Math.max(event.clientX - box.left, 0), box.width);
      const perPixel = (this.to - this.from) / Math.max(box.width, 1);
      if (Math.abs(x - this.share(today()) * box.width) <= magnet) {
        this.go(today());
        return;
      }
      const day = Math.round(this.from + x * perPixel);
      // The first of the month that is nearer.
      const first = (at: Day) => at - Number(dayText(at).slice(8)) + 1;
      this.go(perPixel < daysApart ? day : first(day + 15));
    };
    this.track.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      dragging = true;
      this.track.setPointerCapture(event.pointerId);
      this.element.classList.add('dragging');
      this.handle.focus({ preventScroll: true });
      move(event);
      event.preventDefault();
    });
    this.track.addEventListener('pointermove', (event) => {
      if (dragging) move(event);
    });
    for (const end of ['pointerup', 'pointercancel'] as const) {
      this.track.addEventListener(end, () => {
        dragging = false;
        this.element.classList.remove('dragging');
      });
    }
  }
}
