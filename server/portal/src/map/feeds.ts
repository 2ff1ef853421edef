import type { Map as MapLibreMap, VectorTileSource } from 'maplibre-gl';
import { address, type LayerInfo } from '../api.ts';

/** West, south, east, north in degrees. */
export type Box = [number, number, number, number];

/** How long a source may be busy before it is changed all the same, and how often it is looked at, in milliseconds. */
const patience = 4000;
const interval = 40;
/** How far beyond its edge a tile draws, as a part of its width: what happens there changes it too. */
const margin = 1 / 32;

interface TileAddress {
  z: number;
  x: number;
  y: number;
}

interface Feed {
  layer: string;
  /** The name of the tiles: the layer's, or that of its label points. */
  tiles: string;
  /** What the tiles on the map were asked with, and what they should be asked with. */
  shown: string;
  wanted: string;
  /** Places that have changed since the tiles were read. */
  stale: Box[];
  /** Tiles that could not be read. */
  failed: TileAddress[];
  since: number;
}

/** The template of tiles by their name. */
export function tileUrl(tiles: string, query: string): string {
  return `${address(`tiles/${encodeURIComponent(tiles)}/`)}{z}/{x}/{y}${query}`;
}

/**
 * Keeps the tiles on the map those that are wanted, without ever taking the old ones away first.
 *
 * MapLibre draws a tile on while it is read anew, but two readings under way at once may end in the
 * wrong order, and a tile that is asked anew during its first reading comes back as it was. So a
 * source is changed only when it is at rest; of several wishes in between the last one counts.
 */
export class Feeds {
  private readonly feeds = new Map<string, Feed>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly map: MapLibreMap) {
    map.on('error', (event) => {
      const { sourceId = '', tile } = event as { sourceId?: string; tile?: { tileID: { canonical: TileAddress } } };
      if (tile) this.feeds.get(sourceId)?.failed.push(tile.tileID.canonical);
    });
  }

  /** Notes a source that is on the map. */
  add(source: string, layer: string, tiles: string, query: string): void {
    this.feeds.set(source, { layer, tiles, shown: query, wanted: query, stale: [], failed: [], since: 0 });
  }

  remove(source: string): void {
    this.feeds.delete(source);
  }

  /** Says with which query the tiles of a layer are wanted. */
  want(layer: string, query: string): void {
    for (const feed of this.of(layer)) feed.wanted = query;
    this.work();
  }

  /** Says that a layer has changed somewhere: the tiles there are read anew, and no others. */
  touch(layer: string, box: Box): void {
    for (const feed of this.of(layer)) feed.stale.push(box);
    this.work();
  }

  /** Whether everything on the map is as wanted. */
  get settled(): boolean {
    return [...this.feeds].every(([source, feed]) => !isDue(feed) && this.atRest(source));
  }

  private of(layer: string): Feed[] {
    return [...this.feeds.values()].filter((feed) => feed.layer === layer);
  }

  private work(): void {
    for (const [source, feed] of this.feeds) {
      if (!isDue(feed)) continue;
      feed.since ||= performance.now();
      if (!this.atRest(source) && performance.now() - feed.since < patience) continue;
      feed.since = 0;
      this.apply(source, feed);
    }
    const due = [...this.feeds.values()].some(isDue);
    if (due && this.timer === null) {
      this.timer = setTimeout(() => {
        this.timer = null;
        this.work();
      }, interval);
    }
  }

  private apply(source: string, feed: Feed): void {
    const stale = feed.stale.splice(0);
    if (feed.wanted !== feed.shown) {
      feed.shown = feed.wanted;
      this.map.getSource<VectorTileSource>(source)?.setTiles([tileUrl(feed.tiles, feed.wanted)]);
      // With new addresses MapLibre waits for ever for tiles that failed, unless they are asked for by name.
      const failed = feed.failed.splice(0);
      if (failed.length > 0) this.map.refreshTiles(source, failed);
      return;
    }
    const tiles = this.tilesOn(source).filter((tile) => stale.some((box) => meets(tile, box)));
    if (tiles.length > 0) this.map.refreshTiles(source, tiles);
    // Tiles that are out of sight are kept by the map, which has no way to name them: it forgets them.
    this.map.style.tileManagers[source]?._outOfViewCache.reset();
  }

  /** The tiles that a source may have on the screen, with those that stand in while zooming. */
  private tilesOn(source: string): TileAddress[] {
    const { minzoom = 0, maxzoom = 22 } = this.map.getSource<VectorTileSource>(source) ?? {};
    const tiles = new Map<string, TileAddress>();
    for (const { canonical } of this.map.coveringTiles({ tileSize: 512, minzoom, maxzoom })) {
      for (let up = 0; canonical.z - up >= minzoom; up++) {
        const tile = { z: canonical.z - up, x: canonical.x >> up, y: canonical.y >> up };
        tiles.set(`${tile.z}/${tile.x}/${tile.y}`, tile);
      }
    }
    return [...tiles.values()];
  }

  private atRest(source: string): boolean {
    return !this.map.getSource(source) || this.map.isSourceLoaded(source);
  }

  /** Reads the tiles of a layer on the screen with another query, so that they are near when wanted. */
  fetchAhead(info: LayerInfo, query: string, signal: AbortSignal): void {
    for (const { canonical } of this.map.coveringTiles({ tileSize: 512, minzoom: info.minzoom, maxzoom: info.maxzoom })) {
      const { z, x, y } = canonical;
      const url = tileUrl(info.id, query).replace('{z}', String(z)).replace('{x}', String(x)).replace('{y}', String(y));
      // What does not come ahead of time is read when it is wanted.
      fetch(url, { signal, priority: 'low' }).then((answer) => answer.arrayBuffer()).catch(() => undefined);
    }
  }
}

function isDue(feed: Feed): boolean {
  return feed.wanted !== feed.shown || feed.stale.length > 0;
}

/** Whether a change within a box can be seen in a tile. */
function meets({ z, x, y }: TileAddress, [west, south, east, north]: Box): boolean {
  const size = 2 ** z;
  const column = (lon: number) => ((lon + 180) / 360) * size;
  const row = (lat: number) => {
    const sine = Math.sin((Math.min(Math.max(lat, -85.051129), 85.051129) * Math.PI) / 180);
    return (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * size;
  };
  return column(east) >= x - margin && column(west) <= x + 1 + margin && row(south) >= y - margin && row(north) <= y + 1 + margin;
}
