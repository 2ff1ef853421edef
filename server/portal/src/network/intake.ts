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

/** How often an import is asked how far it is, milliseconds. */
const pause = 400;

/** Files on their way into the store: sent, checked, looked at, accepted. */
export class Intake {
  said: Said = { layer: '', crs: '', mode: 'create' };
  current: Import | null = null;
  findings: Finding[] = [];
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
    if (current) await this.follow(() => send(`api/imports/${current.id}/accept`), true);
  }

  /** The address of the list of findings. */
  list(form: 'csv' | 'geojson'): string {
    return this.current ? address(`api/imports/${this.current.id}/findings?f=${form}`) : '';
  }

  /** Forgets what was sent. */
  clear(): void {
    this.number++;
    Object.assign(this, { current: null, findings: [], problem: null, busy: false, stored: false });
    this.found(null);
  }

  /** Starts something and waits until it is over. */
  private async follow(start: () => Promise<Import>, storing: boolean): Promise<void> {
    const number = ++this.number;
    Object.assign(this, { busy: true, problem: null, stored: false });
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
      if (now.state === 'failed') throw new Error(now.error ?? '');
      this.stored = storing && now.state === 'done';
      await this.read(now, number);
    } catch (error) {
      if (number !== this.number) return;
      this.problem = t('net_failed', { reason: error instanceof ApiError ? errorText(error) : error instanceof Error ? error.message : String(error) });
    }
    this.busy = false;
    this.changed();
  }

  /** Reads what the checks found. */
  private async read({ id, report }: Import, number: number): Promise<void> {
    if (!report?.layers.some(({ findings }) => findings)) {
      this.findings = [];
      return;
    }
    const { findings } = await getJson<{ findings: Finding[] }>(`api/imports/${id}/findings?f=json`);
    if (number !== this.number) return;
    this.findings = findings;
    const features = findings.flatMap(({ lonlat, severity }, index): GeoJSON.Feature[] =>
      lonlat ? [{ type: 'Feature', id: index, properties: { role: `finding_${severity}` }, geometry: { type: 'Point', coordinates: lonlat } }] : [],
    );
    this.found({ type: 'FeatureCollection', features });
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
