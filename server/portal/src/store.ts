import type { LayerInfo } from './api.ts';
import { styleOf } from './map/autostyle.ts';

/** What the person looking at the map has chosen for one layer, and how its loading goes. */
export interface LayerState {
  readonly info: LayerInfo;
  visible: boolean;
  /** 0 to 1. */
  opacity: number;
  /** Why it cannot be drawn, when it cannot. */
  failure: string | null;
}

/** How the list of layers has changed. */
export interface ListChange {
  gone: string[];
  /** Layers whose sources or style are others than before. */
  redraw: string[];
}

/** Kinds that this page draws; the others are listed, and say that they are not drawn. */
const drawable = new Set(['vector', 'network', 'model', 'tileset']);

/** How many layers without a style of their own are shown unasked. */
const shownUnasked = 24;

/** The layers and what is chosen for them: one place that panel, map and address follow. */
export class LayerStore extends EventTarget {
  layers: LayerState[];
  private unasked = 0;

  constructor(infos: LayerInfo[], chosen: Map<string, number> | null) {
    super();
    this.layers = infos.map((info) => this.stateOf(info, chosen));
  }

  get(id: string): LayerState | undefined {
    return this.layers.find((layer) => layer.info.id === id);
  }

  visible(): LayerState[] {
    return this.layers.filter((layer) => layer.visible);
  }

  /** Changes a layer and tells everyone who follows. */
  change(id: string, change: Partial<Pick<LayerState, 'visible' | 'opacity' | 'failure'>>): void {
    const layer = this.get(id);
    if (!layer) return;
    Object.assign(layer, change);
    this.dispatchEvent(new CustomEvent<LayerState>('change', { detail: layer }));
  }

  /**
   * Takes over a new catalogue: new layers come, others go, and those that stay are brought up to
   * date. What was chosen for them stays. Everyone who follows the list is told what to draw anew.
   */
  update(infos: LayerInfo[]): void {
    const redraw: string[] = [];
    const before = new Map(this.layers.map((layer) => [layer.info.id, layer]));
    this.layers = infos.map((info) => {
      const layer = before.get(info.id);
      if (!layer) return this.stateOf(info, null);
      before.delete(info.id);
      if (looks(layer.info) !== looks(info)) redraw.push(info.id);
      Object.assign(layer.info, info);
      return layer;
    });
    const detail: ListChange = { gone: [...before.keys()], redraw };
    this.dispatchEvent(new CustomEvent<ListChange>('list', { detail }));
  }

  /** Calls `follow` after the list of layers has changed. */
  followList(follow: (change: ListChange) => void): void {
    this.addEventListener('list', (event) => follow((event as CustomEvent<ListChange>).detail));
  }

  private stateOf(info: LayerInfo, chosen: Map<string, number> | null): LayerState {
    const byDefault = styleOf(info).visible ?? this.unasked++ < shownUnasked;
    return {
      info,
      visible: isDrawable(info) && (chosen ? chosen.has(info.id) : byDefault),
      opacity: chosen?.get(info.id) ?? 1,
      failure: null,
    };
  }

  /** Calls `follow` after each change. */
  follow(follow: (layer: LayerState) => void): void {
    this.addEventListener('change', (event) => follow((event as CustomEvent<LayerState>).detail));
  }
}

/** Whether this page can draw the layer. */
export function isDrawable(info: LayerInfo): boolean {
  return drawable.has(info.kind) && info.bounds !== null;
}

/** Whether a layer is a network of pipes or cables. */
export function isNetwork(info: LayerInfo): boolean {
  return info.kind === 'network';
}

/** What a layer's map layers and sources are made from. */
function looks({ style, geometry, bounds, minzoom, maxzoom, time, fields }: LayerInfo): string {
  return JSON.stringify([style, geometry, bounds, minzoom, maxzoom, time === null, fields]);
}
