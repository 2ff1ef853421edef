/** How what an answer found is drawn, by its role in the answer. */
export interface Look {
  color: string;
  /** How much wider than a plain line, or larger than a plain point. */
  weight?: number;
  dashed?: boolean;
}

/** Red is what must be acted on, orange what suffers, green what is well, violet what is uncertain, grey the rest. */
export const looks: Record<string, Look> = {
  subject: { color: '#1c2733', weight: 1.3 },
  burst: { color: '#d0021b', weight: 1.7 },
  must_close: { color: '#d0021b' },
  optional: { color: '#ffffff' },
  already_closed: { color: '#5b6672' },
  inoperable: { color: '#1c2733' },
  barrier: { color: '#5b6672' },
  valve: { color: '#ffffff' },
  check_valve: { color: '#7c4dbd' },
  shut: { color: '#f07b16' },
  behind: { color: '#f2b23a', dashed: true },
  customer: { color: '#2f6fb7', weight: 0.8 },
  hydrant: { color: '#d0021b', weight: 0.9 },
  traced: { color: '#1769d2' },
  path: { color: '#1769d2', weight: 1.2 },
  end: { color: '#0b3d80' },
  ambiguous: { color: '#8a4fd0', dashed: true },
  stub: { color: '#1c2733' },
  cut: { color: '#1769d2' },
  crossing: { color: '#8a4fd0' },
  fail: { color: '#d0021b', weight: 1.2 },
  pass: { color: '#2a9d5a' },
  no_limit: { color: '#8794a1' },
  no_height: { color: '#c99700', dashed: true },
  hit: { color: '#d0021b', weight: 1.2 },
  above: { color: '#2a9d5a' },
  below: { color: '#2a9d5a' },
  unknown: { color: '#c99700', dashed: true },
  finding_info: { color: '#2f6fb7' },
  finding_warning: { color: '#e08a00', weight: 1.2 },
  finding_error: { color: '#d0021b', weight: 1.5 },
  change_added: { color: '#2a9d5a', weight: 1.2 },
  change_changed: { color: '#e08a00', weight: 1.2 },
  change_renumbered: { color: '#8a4fd0', weight: 1.2 },
  change_absent: { color: '#d0021b', weight: 1.2, dashed: true },
  inside: { color: '#d0021b', weight: 0.8 },
};

/** The colour of a role. */
export function colorOf(role: string): string {
  return looks[role]?.color ?? '#8794a1';
}
