import { address } from './api.ts';
import type { Box } from './map/feeds.ts';

/** A committed change of a layer (`event: change` of `GET /changes`). */
export interface Change {
  layer: string;
  revision: number;
  /** Where, before and after; nothing when it may be anywhere. */
  bounds: Box | null;
  /** Which features; nothing when they are too many to name, or none in particular. */
  ids: (number | string)[] | null;
}

/** What the page does about changes. */
export interface Listener {
  changed(change: Change): void;
  /** Anything may have changed. */
  reset(): void;
  /** The connection is lost for long, or is there again. */
  lost(lost: boolean): void;
}

/** How long a connection may be away before the reader is told, in milliseconds. */
const patience = 10_000;
/** The shortest and the longest wait before a refused connection is tried again, in milliseconds. */
const retries = [5_000, 60_000] as const;

/** Listens to what changes in the store after a revision, for as long as the page is open. */
export function listen(since: number, listener: Listener): void {
  let wait: number = retries[0];
  let told: ReturnType<typeof setTimeout> | null = null;
  /** The last event that came, from which the server goes on. */
  let last = String(since);

  const open = () => {
    const events = new EventSource(address(`changes?since=${encodeURIComponent(last)}`));
    events.addEventListener('open', () => {
      if (told !== null) clearTimeout(told);
      told = null;
      wait = retries[0];
      listener.lost(false);
    });
    events.addEventListener('change', (event) => {
      last = event.lastEventId || last;
      const change = read(event.data);
      if (change) listener.changed(change);
    });
    events.addEventListener('reset', (event) => {
      last = event.lastEventId || last;
      listener.reset();
    });
    events.addEventListener('error', () => {
      told ??= setTimeout(() => listener.lost(true), patience);
      // The browser connects again by itself, unless it was refused.
      if (events.readyState !== EventSource.CLOSED) return;
      setTimeout(open, wait);
      wait = Math.min(wait * 2, retries[1]);
    });
  };
  open();
}

function read(text: unknown): Change | null {
  try {
    const { layer, revision, bounds, ids } = JSON.parse(String(text)) as Partial<Change>;
    if (typeof layer !== 'string') return null;
    const isBox = Array.isArray(bounds) && bounds.length === 4 && bounds.every(Number.isFinite);
    return { layer, revision: Number(revision), bounds: isBox ? bounds : null, ids: Array.isArray(ids) && ids.length > 0 ? ids : null };
  } catch {
    return null;
  }
}
