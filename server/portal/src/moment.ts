import type { LayerInfo } from './api.ts';
import { addMonths, dayOf, dayText, parseDay, partsOf, today, type Day } from './days.ts';

/** States that a layer shows besides its own when plans are to be seen. */
const plannedStates = ['existing', 'building', 'planned'];

/** What may be changed about the moment. */
export interface MomentChange {
  /** Null for now, whenever that is. */
  date?: Day | null;
  /** Null for what suits the date: plans are shown in the future. */
  plans?: boolean | null;
}

/** Which day of the city is shown, and whether with its plans: one place that slider, map and address follow. */
export class Moment extends EventTarget {
  private date: Day | null;
  private plans: boolean | null;

  constructor({ date = null, plans = null }: MomentChange = {}) {
    super();
    this.date = date === today() ? null : date;
    this.plans = plans;
  }

  /** The day shown. */
  get day(): Day {
    return this.date ?? today();
  }

  /** Whether things that are planned or under construction are shown too. */
  get withPlans(): boolean {
    return this.plans ?? this.day > today();
  }

  /** Whether the day is before, on or after today. */
  get side(): 'past' | 'now' | 'future' {
    if (this.date === null) return 'now';
    return this.date < today() ? 'past' : 'future';
  }

  /** What stands in the page's address; null for what goes without saying. */
  get words(): { date: string | null; plans: string | null } {
    return {
      date: this.date === null ? null : dayText(this.date),
      plans: this.plans === null ? null : this.plans ? '1' : '0',
    };
  }

  /** Goes to another moment and tells everyone who follows. */
  change({ date = this.date, plans = this.plans }: MomentChange): void {
    const before = JSON.stringify(this.words);
    this.date = date === today() ? null : date;
    // A wish that agrees with what suits the date need not be remembered.
    this.plans = plans === this.day > today() ? null : plans;
    if (JSON.stringify(this.words) !== before) this.dispatchEvent(new Event('change'));
  }

  /** Calls `follow` after each change. */
  follow(follow: () => void): void {
    this.addEventListener('change', follow);
  }

  /** The query by which the server shows a layer at this moment, with its `?`; empty for a layer without time. */
  query(info: LayerInfo): string {
    return this.queryOn(info, this.day);
  }

  /** As {@link query}, on another day. */
  queryOn(info: LayerInfo, day: Day): string {
    if (!info.time) return '';
    const parts: string[] = [];
    if (day !== today()) parts.push(`datetime=${dayText(day)}`);
    if (this.plans ?? day > today()) parts.push(`state=${[...new Set([...(info.states ?? []), ...plannedStates])].join(',')}`);
    return parts.length > 0 ? `?${parts.join('&')}` : '';
  }
}

/** Reads the moment from the page's address: `?date=2005-03-01&plans=1`. */
export function readMoment(search = location.search): MomentChange {
  const query = new URLSearchParams(search);
  const plans = query.get('plans');
  return { date: parseDay(query.get('date') ?? ''), plans: plans === '1' ? true : plans === '0' ? false : null };
}

/**
 * From when to when the slider goes for these layers, or nothing when none of them has time. Today
 * is always within. What is still true today may yet change: then there is room for the future.
 */
export function extentOf(layers: LayerInfo[]): [from: Day, to: Day] | null {
  const times = layers.flatMap(({ time }) => (time ? [time] : []));
  if (times.length === 0) return null;
  const now = today();
  const ends = (texts: (string | null)[]) => texts.flatMap((text) => (text === null ? [] : [parseDay(text.slice(0, 10)) ?? now]));
  const known = ends(times.flatMap(({ from, to }) => [from, to]));
  let from = Math.min(now, ...known);
  let to = Math.max(now, ...known);
  if (from === to) from = addMonths(now, -12 * 20);
  if (times.some((time) => time.to === null)) to = Math.max(to, now + Math.min(Math.max((now - from) / 10, 7), 5 * 366));
  if (to - from > 8 * 366) [from, to] = [dayOf(partsOf(from).year), dayOf(partsOf(to - 1).year + (times.some((time) => time.to === null) ? 0 : 1))];
  return [Math.floor(from), Math.max(Math.ceil(to), now)];
}
