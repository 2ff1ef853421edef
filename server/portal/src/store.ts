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

/** Kinds that this page draws; the others are listed, and say that they are not drawn. */
const drawable = new Set(['vector', 'network']);

/** How many layers without a style of their own are shown unasked. */
const shownUnasked = 24;

/** The layers and what is chosen for them: one place that panel, map and address follow. */
export class LayerStore extends EventTarget {
  readonly layers: LayerState[];
  private readonly byId: Map<string, LayerState>;

  constructor(infos: LayerInfo[], chosen: Map<string, number> | null) {
    super();
    let unasked = 0;
    this.layers = infos.map((info) => {
      const style = styleOf(info);
      const byDefault = style.visible ?? unasked++ < shownUnasked;
      return {
        info,
        visible: isDrawable(info) && (chosen ? chosen.has(info.id) : byDefault),
        opacity: chosen?.get(info.id) ?? 1,
        failure: null,
      };
    });
    this.byId = new Map(this.layers.map((layer) => [layer.info.id, layer]));
  }

  get(id: string): LayerState | undefined {
    return this.byId.get(id);
  }

  visible(): LayerState[] {
    return this.layers.filter((layer) => layer.visible);
  }

  /** Changes a layer and tells everyone who follows. */
  change(id: string, change: Partial<Pick<LayerState, 'visible' | 'opacity' | 'failure'>>): void {
    const layer = this.byId.get(id);
    if (!layer) return;
    Object.assign(layer, change);
    this.dispatchEvent(new CustomEvent<LayerState>('change', { detail: layer }));
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
