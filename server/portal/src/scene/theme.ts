/** A colour for values, and what it means. */
export interface Shade {
  /** Empty for all other values. */
  label: string;
  color: string;
  /** The part of a style expression that holds for it. */
  condition: string;
}

/** Sequential colours for numbers (light is little), and apart ones for words. */
const ramp = ['#fff3d6', '#fbd38a', '#f3a65a', '#df7343', '#b8433a', '#7d2336'];
const apart = ['#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#76b7b2', '#edc948', '#b07aa1', '#ff9da7', '#9c755f', '#2f4b7c'];
const other = '#c9ccd1';

/**
 * The name that the server gives a field in 3D tiles, which allow letters, digits and `_` only: any other
 * character is `_` and its code in hexadecimal digits.
 */
export function propertyName(field: string): string {
  const plain = [...field].map((c) => (/[A-Za-z0-9_]/.test(c) ? c : `_${(c.codePointAt(0) ?? 0).toString(16)}`)).join('');
  const name = /^[0-9]/.test(plain) ? `_${plain}` : plain;
  return name === 'id' ? 'id_' : name;
}

/** Chooses colours for the values of a field. */
export function shadesOf(field: string, values: unknown[]): Shade[] {
  const name = `\${feature['${propertyName(field)}']}`;
  const numbers = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value)).sort((a, b) => a - b);
  if (numbers.length > 0 && numbers.length * 2 > values.length) return ofNumbers(name, numbers);
  const counts = new Map<string, number>();
  for (const value of values) {
    if (typeof value === 'string' && value !== '') counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const common = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, apart.length);
  const shades = common.map(([word], i) => ({ label: word, color: apart[i] ?? other, condition: `${name} === ${JSON.stringify(word)}` }));
  return [...shades, { label: '', color: other, condition: 'true' }];
}

/** Classes with equally many values each, between different numbers. */
function ofNumbers(name: string, sorted: number[]): Shade[] {
  const at = (part: number) => sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)] ?? 0;
  const edges = [...new Set(ramp.map((_, i) => round(at(i / ramp.length))))];
  const shades = edges.map((from, i) => {
    const to = edges[i + 1];
    const label = to === undefined ? `≥ ${from}` : `${from} – ${to}`;
    return { label, color: ramp[Math.round((i * (ramp.length - 1)) / Math.max(edges.length - 1, 1))] ?? other, condition: `${name} >= ${from}` };
  });
  // The first condition that holds counts: from the greatest down.
  return [...shades.reverse(), { label: '', color: other, condition: 'true' }];
}

function round(x: number): number {
  return x === 0 ? 0 : Number(x.toPrecision(3));
}
