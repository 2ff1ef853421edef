import type { CesiumWidget, ImageryLayer, ImageryProvider } from '@cesium/engine';
import { Map as MapLibreMap, type StyleSpecification } from 'maplibre-gl';
import { layerOfSource } from '../map/compose.ts';
import { drawIconsOnDemand } from '../map/icons.ts';
import type { Cesium } from './program.ts';

/** The size of a picture of the ground, pixels. */
const size = 2048;
/** How far pictures reach, in distances from the eye to the middle; the last is the finest and lies on top. */
const reaches = [9, 1.3];
/** The smallest and the greatest reach, metres: above it a picture on flat degrees would be too far off. */
const least = 250;
const most = 30_000;
/** How long the camera, or what is shown, must rest before the ground is drawn again, milliseconds. */
const rest = 350;
/** How long the tiles of a picture may take, milliseconds. */
const patience = 20_000;

interface Picture {
  layer: ImageryLayer;
  center: [lon: number, lat: number];
  reach: number;
  /** Counts the styles: a picture of an older one is drawn again. */
  style: number;
}

/** What the ground asks of the page. */
export interface GroundSource {
  /** The style of the flat map, as it is now. */
  style(): StyleSpecification;
  /** Whether a layer is flat, and lies on the ground. */
  lies(layer: string): boolean;
  /** What is in the middle of the picture, and how far it is; null for the sky. */
  middle(): { lng: number; lat: number; range: number } | null;
}

/**
 * The flat layers on the ground of the city in 3D, as the flat map draws them: two pictures by a map that is not seen, one of
 * what is near and one of what is far, so that it costs the same over any city. Names stay on the flat map: they would lie.
 */
export class Ground {
  private readonly pictures: (Picture | null)[] = reaches.map(() => null);
  private map: MapLibreMap | null = null;
  private readonly container = document.createElement('div');
  /** The style as text, and as it is; the map that is not seen has that of this number. */
  private text = '';
  private spec: StyleSpecification = { version: 8, sources: {}, layers: [] };
  private style = 0;
  private drawnStyle = -1;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private drawing = false;

  constructor(
    private readonly cesium: Cesium,
    private readonly widget: CesiumWidget,
    private readonly source: GroundSource,
  ) {
    this.container.className = 'scene-ground';
    this.container.inert = true;
  }

  /** Draws the ground for where the camera is now, once it rests. */
  moved(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.draw();
    }, rest);
  }

  /** Draws the ground anew if the flat map is drawn in another way: other layers, or another day. */
  changed(): void {
    if (this.widget.canvas.clientWidth === 0) return;
    const flat = this.flat(this.source.style());
    const text = JSON.stringify(flat);
    if (text === this.text) return;
    Object.assign(this, { text, spec: flat });
    this.style++;
    this.moved();
  }

  /** Draws the ground anew with tiles that are read again. */
  renew(): void {
    this.map?.remove();
    this.map = null;
    this.container.remove();
    this.style++;
    this.moved();
  }

  private async draw(): Promise<void> {
    const middle = this.source.middle();
    if (this.drawing || this.style === 0 || !middle || this.widget.canvas.clientWidth === 0) return;
    if (this.spec.layers.length === 0) {
      this.clear();
      return;
    }
    this.drawing = true;
    const { style } = this;
    let drawn = false;
    try {
      // What is near matters most.
      for (const [i, spread] of [...reaches.entries()].reverse()) {
        const reach = Math.min(Math.max(middle.range * spread, least), most);
        const picture = this.pictures[i];
        if (picture && picture.style === style && this.serves(picture, middle, reach)) continue;
        this.pictures[i] = await this.take([middle.lng, middle.lat], reach, style, i, picture ?? null);
        drawn = true;
      }
    } catch (error) {
      // The city stands without it, too.
      console.warn('ground:', error);
    } finally {
      this.drawing = false;
    }
    // The camera may have gone on meanwhile.
    if (drawn || style !== this.style) this.moved();
  }

  /** Leaves the ground bare: no flat layer is shown. */
  private clear(): void {
    for (const [i, picture] of this.pictures.entries()) {
      if (picture) this.widget.scene.imageryLayers.remove(picture.layer);
      this.pictures[i] = null;
    }
    this.widget.scene.requestRender();
  }

  /** Whether a picture still does for a place that is seen with this reach. */
  private serves({ center, reach }: Picture, at: { lng: number; lat: number }, wanted: number): boolean {
    const metres = 111_320;
    const [x, y] = [(at.lng - center[0]) * metres * Math.cos((at.lat * Math.PI) / 180), (at.lat - center[1]) * metres];
    return Math.hypot(x, y) < 0.3 * reach && reach < 1.7 * wanted && reach > 0.6 * wanted;
  }

  /** Takes a picture and lays it on the ground in the place of an older one. */
  private async take(center: [number, number], reach: number, style: number, level: number, old: Picture | null): Promise<Picture | null> {
    const map = this.mapOf(style);
    const zoom = Math.log2((Math.cos((center[1] * Math.PI) / 180) * 2 * Math.PI * 6378137 * size) / (512 * 2 * reach));
    map.jumpTo({ center, zoom });
    await painted(map);
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [size, size];
    copy.getContext('2d')?.drawImage(map.getCanvas(), 0, 0, size, size);
    const bounds = map.getBounds();
    const { imageryLayers } = this.widget.scene;
    const layer = imageryLayers.addImageryProvider(this.provider(copy, [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]), Math.min(level, imageryLayers.length));
    if (old) {
      // The old one goes once the new one is on the ground.
      setTimeout(() => {
        imageryLayers.remove(old.layer);
        this.widget.scene.requestRender();
      }, 400);
    }
    this.widget.scene.requestRender();
    return { layer, center, reach, style };
  }

  /** The map that is not seen, in the style of the one that is. */
  private mapOf(style: number): MapLibreMap {
    if (this.map && this.drawnStyle === style) return this.map;
    this.drawnStyle = style;
    if (this.map) {
      this.map.setStyle(this.spec);
      return this.map;
    }
    document.body.append(this.container);
    this.map = new MapLibreMap({
      container: this.container,
      style: this.spec,
      interactive: false,
      attributionControl: false,
      fadeDuration: 0,
      pixelRatio: 1,
      renderWorldCopies: false,
      maxZoom: 21,
      canvasContextAttributes: { preserveDrawingBuffer: true },
    });
    drawIconsOnDemand(this.map);
    // The flat map asks for the same tiles, and says what is wrong with them.
    this.map.on('error', () => {});
    return this.map;
  }

  /** What of the flat map lies on the ground: areas and lines of layers that do not stand there by themselves. */
  private flat(style: StyleSpecification): StyleSpecification {
    const layers = style.layers.filter((layer) => {
      if (layer.type !== 'fill' && layer.type !== 'line') return false;
      return layer.layout?.visibility !== 'none' && this.source.lies(layerOfSource(layer.source));
    });
    return { ...style, layers };
  }

  /** One picture as imagery. */
  private provider(picture: HTMLCanvasElement, [west, south, east, north]: [number, number, number, number]): ImageryProvider {
    const { Event, GeographicTilingScheme, Rectangle } = this.cesium;
    const rectangle = Rectangle.fromDegrees(west, south, east, north);
    const tilingScheme = new GeographicTilingScheme({ rectangle, numberOfLevelZeroTilesX: 1, numberOfLevelZeroTilesY: 1 });
    return {
      rectangle,
      tilingScheme,
      tileWidth: size,
      tileHeight: size,
      minimumLevel: 0,
      maximumLevel: 0,
      hasAlphaChannel: true,
      errorEvent: new Event(),
      getTileCredits: () => [],
      requestImage: () => Promise.resolve(picture),
      pickFeatures: () => undefined,
    } as unknown as ImageryProvider;
  }
}

/** Waits until a map is painted with all its tiles, or for long enough. */
function painted(map: MapLibreMap): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, patience);
    map.once('idle', () => {
      clearTimeout(timer);
      done();
    });
    map.triggerRepaint();
  });
}
