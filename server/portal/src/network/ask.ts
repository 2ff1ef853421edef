import { address, getJson } from '../api.ts';

/** What may be asked of networks: the last word of the address. */
export type QuestionName = 'trace' | 'section' | 'profile' | 'clearance' | 'cover' | 'excavation' | 'statistics';

/** A question: the networks that it is asked of, and what is said besides. */
export interface Question {
  name: QuestionName;
  layers: string[];
  given: Record<string, string>;
}

/** A pipe, as answers about places describe it. */
export interface PipeFacts {
  layer: string;
  id: number | null;
  code: string;
  class: string;
  subclass: string | null;
  size: string;
  material: string | null;
  owner: string | null;
}

/** A valve, or what stands in the place of one. */
export interface Valve {
  id: number;
  code: string;
  at: [number, number] | null;
  closed: boolean;
  operable: boolean;
}

/** Where a network goes on in what the view hides. */
export interface Stub {
  at: [number, number] | null;
  owner: string | null;
}

/** What a part of a network amounts to. */
export interface Sums {
  links: number;
  nodes: number;
  /** Metres. */
  length: number;
  /** Cubic metres. */
  volume: number;
  customers: number;
  hydrants: number;
}

/** The plan of a shut-off. */
export interface Isolation {
  must_close: Valve[];
  optional: Valve[];
  already_closed: Valve[];
  inoperable: Valve[];
  stubs: Stub[];
  shut: { sums: Sums };
  behind: { sums: Sums };
  complete: boolean;
  supply_known: boolean;
  supplied_before: boolean;
  alternatives?: { failed: Valve; close_instead: Valve[]; more: Sums; possible: boolean }[];
}

/** What is upstream, downstream or connected. */
export interface Trace {
  links: number[];
  length: number;
  lengths: { size: string | null; material: string | null; links: number; length: number }[];
  ends: { id: number | null; code: string; element: string; at: [number, number] | null }[];
  ambiguous: number[];
  loops: unknown[];
  barriers: Valve[];
  stubs: Stub[];
  complete: boolean;
}

/** A pipe that a line crosses. */
export interface Cut {
  number: number;
  pipe: PipeFacts;
  depth_m: number | null;
  spacing_m: number | null;
  chainage_m: number;
}

/** A distance between two pipes, and its limit. */
export interface Check {
  net_m: number | null;
  limit: { least_m: number; standard: string; source: string; confidence: string } | null;
  missing_m?: number | null;
}

/** A pipe near another. */
export interface Neighbour {
  pipe: PipeFacts;
  crosses: boolean;
  horizontal: Check | null;
  vertical: Check | null;
  net_m: number | null;
  state: 'pass' | 'no_limit' | 'no_height' | 'fail';
}

/** A pipe with too little above it. */
export interface Shallow {
  pipe: PipeFacts;
  least_m: number | null;
  limit: Check['limit'];
}

/** A pipe in a pit, or below it. */
export interface Dug {
  pipe: PipeFacts;
  hit: 'hit' | 'below' | 'unknown' | 'above';
  length_m: number;
  top_m: number | null;
  below_bottom_m: number | null;
}

/** Every answer has what it found as features for the map, each with its `role`. */
interface Found {
  features?: GeoJSON.FeatureCollection;
}

/** The answers, by what was asked. */
export interface Answers {
  trace: Found & { kind: string; layer: string; from: number[]; answer?: Isolation; answers?: Trace[] };
  section: Found & { length_m: number; ground: [chainage: number, height: number | null][]; cuts: Cut[]; truncated: boolean };
  profile: Found & {
    length_m: number;
    stations: { code: string; ground_m: number | null; depth_m: number | null; chainage_m: number; id: number | null; at: [number, number] }[];
    reaches: { pipe: PipeFacts; slope_permille: number | null; chainage_m: [number, number] }[];
    crossings: { pipe: PipeFacts; chainage_m: number }[];
    truncated: boolean;
  };
  clearance: Found & { length_m: number; neighbours: Neighbour[]; failed: number; passed: number; without_limit: number; without_height: number; truncated: boolean };
  cover: Found & { layers: { layer: string; failing: Shallow[]; looked_at: number; passed: number; failed: number; without_limit: number; without_height: number }[] };
  excavation: Found & {
    area_m2: number;
    mean_depth_m: number | null;
    volume_m3: number | null;
    pipes: Dug[];
    nodes: { layer: string; id: number | null; code: string; element: string; at: [number, number]; owner: string | null }[];
    owners: { owner: string | null; pipes: number; length_m: number }[];
    length_by_class: Record<string, number>;
    truncated: boolean;
  };
  statistics: Found & { groups: { layer: string; class: string; size: string; material: string; links: number; length_m: number }[] };
}

/** The address of the answer to a question, as `json`, `csv` or `svg`. */
export function answerAddress({ name, layers, given }: Question, form: 'json' | 'csv' | 'svg', view = ''): string {
  const query = new URLSearchParams(view);
  for (const [key, value] of Object.entries(given)) query.set(key, value);
  query.set('f', form);
  const path = layers.map(encodeURIComponent).join(',');
  // Commas and semicolons are legal in a query and easier to read unescaped.
  return `networks/${path}/${name}?${query.toString().replaceAll('%2C', ',').replaceAll('%3B', ';')}`;
}

/** Asks. */
export function ask<N extends QuestionName>(question: Question & { name: N }, view: string, signal: AbortSignal): Promise<Answers[N]> {
  return getJson<Answers[N]>(answerAddress(question, 'json', view), signal);
}

/** Reads a drawing. */
export async function fetchDrawing(question: Question, view: string, signal: AbortSignal): Promise<Blob> {
  const answer = await fetch(address(answerAddress(question, 'svg', view)), { signal });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.blob();
}
