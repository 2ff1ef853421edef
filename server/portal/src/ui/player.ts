import { addMonths, type Day } from '../days.ts';
import type { Moment } from '../moment.ts';
import { unitOf } from './ticks.ts';

/** Steps a second, and how often a slow map is looked at, in milliseconds. */
const rate = 4;
const glance = 50;
/** Years (months, days) a second to choose from. */
const paces = [1, 2, 4];

/** What playing needs of the map. */
export interface Stage {
  settled(): boolean;
  prepare(day: Day): void;
}

/** Lets time run: a step when the map shows the one before, and not more often than a few a second. */
export class Player {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private from: Day = 0;
  private to: Day = 0;
  private chosen = 0;
  /** Who asked for less motion gets the same pace in fewer steps. */
  private readonly calm = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(
    private readonly moment: Moment,
    private readonly stage: Stage,
    private readonly changed: () => void,
  ) {
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.pause();
    });
  }

  get playing(): boolean {
    return this.timer !== null;
  }

  /** What a second is: a year, a month or a day, by the extent; times {@link pace}. */
  get unit(): 'year' | 'month' | 'day' {
    return unitOf(this.from, this.to);
  }

  get pace(): number {
    return paces[this.chosen] ?? 1;
  }

  /** Says between which days to play. */
  span(from: Day, to: Day): void {
    const unit = this.unit;
    [this.from, this.to] = [from, to];
    if (unit !== this.unit) this.changed();
  }

  /** Takes the next pace, after the last the first. */
  faster(): void {
    this.chosen = (this.chosen + 1) % paces.length;
    this.changed();
  }

  toggle(): void {
    if (this.playing) {
      this.pause();
      return;
    }
    // From the end it starts over.
    if (this.moment.day >= this.to) this.moment.change({ date: this.from });
    this.wait();
    this.changed();
  }

  pause(): void {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.changed();
  }

  private wait(): void {
    const pause = this.unit === 'day' || this.calm.matches ? 1000 : 1000 / rate;
    this.timer = setTimeout(() => this.step(), pause);
  }

  private step(): void {
    if (!this.stage.settled()) {
      this.timer = setTimeout(() => this.step(), glance);
      return;
    }
    const day = this.after(this.moment.day);
    if (day >= this.to) {
      this.timer = null;
      this.changed();
      this.moment.change({ date: this.to });
      return;
    }
    this.wait();
    this.moment.change({ date: day });
    this.stage.prepare(this.after(day));
  }

  private after(day: Day): Day {
    const steps = this.unit === 'day' || this.calm.matches ? 1 : rate;
    const next =
      this.unit === 'year'
        ? addMonths(day, (12 * this.pace) / steps)
        : day + (this.unit === 'month' ? Math.round((28 * this.pace) / steps) : this.pace);
    return Math.min(next, this.to);
  }
}
