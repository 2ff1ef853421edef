import { ApiError, address, getJson } from '../api.ts';
import { t } from '../i18n/index.ts';
import { errorText } from '../ui/messages.ts';

/** What a check found in a file. */
export interface Finding {
  code: string;
  severity: 'error' | 'warning' | 'info';
  table: string;
  record: number;
  feature: string | null;
  text: string;
  remedy: string;
  layer: string;
  lonlat: [number, number] | null;
}

/** A feature that differs from the one that is stored. */
export interface Change {
  change: 'added' | 'changed' | 'renumbered' | 'absent';
  id: number;
  name: string;
  element?: string;
  was?: string;
  removed: boolean;
  moved_m?: number;
  raised_m?: number;
  reshaped?: boolean;
  fields?: { field: string; title?: string; old: unknown; new: unknown }[];
  layer: string;
}

/** How many differences there are between files and a layer that is stored. */
export interface Comparison {
  revision: number;
  scope: 'extent' | 'layer';
  added: number;
  changed: number;
  moved: number;
  renumbered: number;
  absent: number;
  removed: number;
  same: number;
}

/** What came of one layer of the files. */
export interface LayerReport {
  layer: string;
  title: string;
  source: string;
  read: number;
  kept: number;
  rejected: number;
  /** Added, changed and kept, where it is merged with what is stored. */
  merged: [number, number, number] | null;
  findings: { errors: number; warnings: number; infos: number } | null;
  comparison?: Comparison;
}

/** An import that was sent: it is checked first, and stored only when it is accepted. */
export interface Import {
  id: number;
  state: 'waiting' | 'running' | 'held' | 'done' | 'failed';
  stage: string;
  progress: { done: number; total: number; features: number };
  report: { revision: number | null; layers: LayerReport[]; notes: string[]; held: boolean } | null;
  error: string | null;
}

/** What is said of files besides what they say themselves. */
export interface Said {
  layer: string;
  crs: string;
  mode: 'create' | 'upsert' | 'replace';
}

/** What becomes of stored features that an update does not hold. */
export const removals = ['nothing', 'renumbered', 'absent'] as const;

/** Changes of each kind that are listed and drawn; the tables have them all. */
const mostChanges = 1000;

/** How often an import is asked how far it is, milliseconds. */
const pause = 400;

/** Files on their way into the store: sent, checked, looked at, accepted. */
export class Intake {
  said: Said = { layer: '', crs: '', mode: 'create' };
  current: Import | null = null;
  findings: Finding[] = [];
  changes: Change[] = [];
  remove: (typeof removals)[number] = 'nothing';
  /** Whether a layer was changed after it was compared. */
  late = false;
  problem: string | null = null;
  busy = false;
  /** Whether what is shown has been stored. */
  stored = false;
  private number = 0;

  constructor(
    private readonly changed: () => void,
    private readonly found: (features: GeoJSON.FeatureCollection | null) => void,
  ) {}

  /** Sends files to be checked; nothing is stored. */
  async check(files: File[]): Promise<void> {
    if (files.length === 0) return;
    const words = Object.entries({ ...this.said, dry_run: '1' }).filter(([, value]) => value !== '');
    const body = new FormData();
    for (const file of files) body.append('file', file, file.name);
    await this.follow(() => send(`api/imports?${new URLSearchParams(words)}`, body), false);
  }

  /** Stores what was checked. */
  async accept(): Promise<void> {
    const { current } = this;
    if (current) await this.follow(() => send(`api/imports/${current.id}/accept?remove=${this.remove}`), true);
  }

  /** Compares what was checked with the layers as they are now. */
  async compare(): Promise<void> {
    const { current } = this;
    if (current) await this.follow(() => send(`api/imports/${current.id}/compare`), false);
  }

  /** The address of the list of findings, or of changes. */
  list(form: 'csv' | 'geojson', of: 'findings' | 'changes' = 'findings'): string {
    return this.current ? address(`api/imports/${this.current.id}/${of}?f=${form}`) : '';
  }

  /** Forgets what was sent. */
  clear(): void {
    this.number++;
    Object.assign(this, { current: null, findings: [], changes: [], remove: 'nothing', late: false, problem: null, busy: false, stored: false });
    this.found(null);
  }

  /** Starts something and waits until it is over. */
  private async follow(start: () => Promise<Import>, storing: boolean): Promise<void> {
    const number = ++this.number;
    Object.assign(this, { busy: true, problem: null, late: false, stored: false });
    this.changed();
    try {
      let now = await start();
      while (now.state === 'waiting' || now.state === 'running') {
        if (number !== this.number) return;
        this.current = now;
        this.changed();
        await new Promise((done) => setTimeout(done, pause));
        now = await getJson<Import>(`api/imports/${now.id}`);
      }
      if (number !== this.number) return;
      this.current = now;
      this.late = now.state === 'held' && now.error !== null;
      if (now.error !== null) throw new Error(now.error);
      this.stored = storing && now.state === 'done';
      await this.read(now, number);
    } catch (error) {
      if (number !== this.number) return;
      if (error instanceof ApiError && error.status === 409) this.late = true;
      this.problem = t('net_failed', { reason: error instanceof ApiError ? errorText(error) : error instanceof Error ? error.message : String(error) });
    }
    this.busy = false;
    this.changed();
  }

  /** Reads what the checks found, and what differs from what is stored. */
  private async read({ id, report }: Import, number: number): Promise<void> {
    const layers = report?.layers ?? [];
    const has = (of: 'findings' | 'comparison') => layers.some((layer) => layer[of]);
    const [findings, changes] = await Promise.all([
      has('findings') ? getJson<{ findings: Finding[] }>(`api/imports/${id}/findings?f=json`).then(({ findings }) => findings) : [],
      has('comparison') ? getJson<GeoJSON.FeatureCollection>(`api/imports/${id}/changes?f=geojson&limit=${mostChanges}`).then(({ features }) => features) : [],
    ]);
    if (number !== this.number) return;
    this.findings = findings;
    this.changes = changes.map(({ properties }) => properties as Change);
    const found = findings.flatMap(({ lonlat, severity }, index): GeoJSON.Feature[] =>
      lonlat ? [{ type: 'Feature', id: index, properties: { role: `finding_${severity}` }, geometry: { type: 'Point', coordinates: lonlat } }] : [],
    );
    const changed = changes.flatMap(({ geometry }, index): GeoJSON.Feature[] =>
      (geometry as GeoJSON.Geometry | null) ? [{ type: 'Feature', id: findings.length + index, properties: { role: `change_${this.changes[index]?.change}` }, geometry }] : [],
    );
    if (has('findings') || has('comparison')) this.found({ type: 'FeatureCollection', features: [...changed, ...found] });
  }
}

async function send(path: string, body?: FormData): Promise<Import> {
  const answer = await fetch(address(path), { method: 'POST', ...(body ? { body } : {}) });
  if (!answer.ok) {
    const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
    throw new ApiError('status', answer.status, problem.detail ?? '');
  }
  return (await answer.json()) as Import;
}
