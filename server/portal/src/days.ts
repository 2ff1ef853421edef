/** A calendar day as the number of days since 1970-01-01; months and years are those of the Gregorian calendar. */
export type Day = number;

const millis = 86_400_000;

/** The day on which the reader's clock stands. */
export function today(): Day {
  const now = new Date();
  return dayOf(now.getFullYear(), now.getMonth() + 1, now.getDate());
}

/** The day of a year, a month from 1 and a day of the month; numbers out of range carry over. */
export function dayOf(year: number, month = 1, date = 1): Day {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, date);
  return Math.round(at.getTime() / millis);
}

/** Year, month from 1, and day of the month. */
export function partsOf(day: Day): { year: number; month: number; date: number } {
  const at = new Date(day * millis);
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, date: at.getUTCDate() };
}

/** The same day of the month so many months later, or the last one that the month has. */
export function addMonths(day: Day, months: number): Day {
  const { year, month, date } = partsOf(day);
  const last = partsOf(dayOf(year, month + months + 1, 0)).date;
  return dayOf(year, month + months, Math.min(date, last));
}

/** A day as `2005-03-01`. */
export function dayText(day: Day): string {
  return new Date(day * millis).toISOString().slice(0, 10);
}

/** A day for `Intl.DateTimeFormat` with `timeZone: 'UTC'`. */
export function asDate(day: Day): Date {
  return new Date(day * millis);
}

/**
 * Reads a day as people write it: `2005`, `2005-3`, `2005/3/1`, `20050301`, `2005年3月1日`, in full-width
 * digits too. What is left out is the first. Nothing for what is no day.
 */
export function parseDay(text: string): Day | null {
  const plain = text.normalize('NFKC').trim();
  const found =
    /^(\d{4})(\d{2})(\d{2})$/.exec(plain) ?? /^(\d{4})(?:\s*[-/.年]\s*(?:(\d{1,2})\s*(?:[-/.月]\s*(?:(\d{1,2})\s*日?)?)?)?)?$/.exec(plain);
  if (!found) return null;
  const [year, month, date] = [Number(found[1]), Number(found[2] ?? 1), Number(found[3] ?? 1)];
  const day = dayOf(year, month, date);
  const parts = partsOf(day);
  return parts.year === year && parts.month === month && parts.date === date ? day : null;
}
