import type { MapView } from '../map/view.ts';
import type { Moment } from '../moment.ts';
import type { LayerStore } from '../store.ts';
import { loadCesium } from './program.ts';
import { SceneView, type SceneActions } from './view.ts';

/** Changes between the flat map and the city in 3D: one camera, one choice of layers, one moment. */
export class SceneSwitch {
  readonly element = document.createElement('div');
  scene: SceneView | null = null;
  private on = false;
  private busy = false;

  constructor(
    private readonly view: MapView,
    private readonly store: LayerStore,
    private readonly moment: Moment,
    private readonly actions: SceneActions,
    private readonly changed: (on: boolean) => void,
  ) {
    this.element.id = 'scene';
    this.element.className = 'scene';
    this.element.hidden = true;
  }

  /** Whether the city is shown in 3D. */
  get active(): boolean {
    return this.on;
  }

  /** Shows the city in 3D, or the flat map, from the same place. */
  async toggle(on = !this.on): Promise<void> {
    if (on === this.on || this.busy) return;
    this.busy = true;
    try {
      if (on) await this.enter();
      else this.leave();
      this.on = on;
      this.changed(on);
    } finally {
      this.busy = false;
    }
  }

  private async enter(): Promise<void> {
    const cesium = await loadCesium();
    this.element.hidden = false;
    const first = this.scene === null;
    this.scene ??= new SceneView(cesium, this.element, this.store, this.moment, this.actions);
    const camera = this.camera();
    // From straight above a city in 3D looks like a flat map.
    this.scene.look(first && camera.pitch < 20 ? { ...camera, pitch: 55 } : camera, this.fov());
  }

  private leave(): void {
    if (!this.scene) return;
    const { center, ...rest } = this.scene.camera(this.camera(), this.fov());
    this.element.hidden = true;
    this.view.map.jumpTo({ center, ...rest });
  }

  private camera() {
    const { map } = this.view;
    const { lng, lat } = map.getCenter();
    return { center: [lng, lat] as [number, number], zoom: map.getZoom(), pitch: map.getPitch(), bearing: map.getBearing() };
  }

  private fov(): number {
    return (this.view.map.getVerticalFieldOfView() * Math.PI) / 180;
  }
}
