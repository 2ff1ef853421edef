import { addMonths, dayOf, partsOf, type Day } from '../days.ts';

/** A mark on the scale; those without a text are small. */
export interface Tick {
  day: Day;
  text: string;
}

type Step = { months: number } | { days: number };

/** Steps of a scale, coarsest first. */
const steps: Step[] = [
  ...[100, 50, 20, 10, 5, 2, 1].map((years) => ({ months: years * 12 })),
  ...[6, 3, 1].map((months) => ({ months })),
  ...[7, 1].map((days) => ({ days })),
];

/** Pixels that a text needs, with some air, and that lie between small marks at least. */
const textRoom = (step: Step) => ('months' in step && step.months >= 12 ? 46 : 62);
const markRoom = 6;

/** The marks of a scale of so many pixels: years, months or days, as there is room. */
export function ticks(from: Day, to: Day, width: number): Tick[] {
  const room = (step: Step) => (lengthOf(step) / Math.max(to - from, 1)) * width;
  const named = steps.filter((step) => room(step) >= textRoom(step)).at(-1) ?? steps[0]!;
  const small = steps.filter((step) => room(step) >= markRoom && divides(step, named)).at(-1) ?? named;
  const texts = new Map(daysOf(named, from, to).map((day) => [day, textOf(day, named)]));
  return daysOf(small, from, to).map((day) => ({ day, text: texts.get(day) ?? '' }));
}

/** What kind of steps suit an extent. */
export function unitOf(from: Day, to: Day): 'year' | 'month' | 'day' {
  const days = to - from;
  return days > 8 * 366 ? 'year' : days > 8 * 31 ? 'month' : 'day';
}

function lengthOf(step: Step): number {
  return 'months' in step ? step.months * 30.44 : step.days;
}

function divides(small: Step, large: Step): boolean {
  if ('months' in small) return 'months' in large && large.months % small.months === 0;
  return 'months' in large ? small.days === 1 : large.days % small.days === 0;
}

function daysOf(step: Step, from: Day, to: Day): Day[] {
  const days: Day[] = [];
  if ('days' in step) {
    // Day 4 was a Monday.
    const offset = (((from - 4) % step.days) + step.days) % step.days;
    for (let day = offset === 0 ? from : from + step.days - offset; day <= to; day += step.days) days.push(day);
    return days;
  }
  const { year, month } = partsOf(from);
  const months = Math.floor((year * 12 + month - 1) / step.months) * step.months;
  for (let day = dayOf(0, months + 1); day <= to; day = addMonths(day, step.months)) if (day >= from) days.push(day);
  return days;
}

function textOf(day: Day, step: Step): string {
  const { year, month, date } = partsOf(day);
  if ('months' in step && step.months % 12 === 0) return String(year);
  const two = (value: number) => String(value).padStart(2, '0');
  return 'months' in step ? `${year}-${two(month)}` : `${two(month)}-${two(date)}`;
}
