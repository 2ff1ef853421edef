import type { Map as MapLibreMap } from 'maplibre-gl';
import { h } from '../dom.ts';
import { formatNumber, t } from '../i18n/index.ts';
import type { LayerStore } from '../store.ts';

/** Metres per pixel at a latitude, for MapLibre's 512 pixel tiles. */
const equatorMetres = 2 * Math.PI * 6378137;
const maxBarPixels = 110;

/** Where CesiumJS is at home; its licence asks to be named. */
export const cesiumHome = 'https://cesium.com/cesiumjs/';

/** The line at the foot of the map: scale, zoom, where the pointer is, and whose data is shown. */
export class StatusLine {
  readonly element = h('footer', { class: 'status' });
  private readonly bar = h('span', { class: 'scale-bar' });
  private readonly zoom = h('span', { class: 'status-zoom' });
  private readonly position = h('span', { class: 'status-position' });
  private readonly live = h('span', { class: 'status-live', role: 'status' });
  private lost = false;
  private inScene = false;
  private readonly engine = h('a', { target: '_blank', rel: 'noopener noreferrer' });
  private readonly sources = h('span', { class: 'status-sources' });

  constructor(
    private readonly map: MapLibreMap,
    private readonly store: LayerStore,
  ) {
    this.element.append(
      h('div', { class: 'status-left' }, this.bar, this.zoom, this.position, this.live),
      h('div', { class: 'status-right' }, this.sources, this.engine),
    );
    map.on('move', () => this.render2D());
    map.on('mousemove', ({ lngLat }) => this.renderPosition(lngLat.lng, lngLat.lat));
    store.follow(() => this.renderSources());
    this.scene(null, null);
    this.render();
  }

  /** Draws the line again, in the language in use. */
  render(): void {
    this.render2D();
    this.renderSources();
    this.renderLive();
  }

  /** Tells of the city in 3D: how high the eye is, and a place; or of the flat map. */
  scene(eye: { height: number } | null, at: { lng: number; lat: number } | null): void {
    this.inScene = eye !== null;
    this.bar.hidden = this.inScene;
    this.engine.textContent = this.inScene ? 'CesiumJS' : 'MapLibre';
    this.engine.href = this.inScene ? cesiumHome : 'https://maplibre.org';
    if (eye === null) {
      this.render2D();
      return;
    }
    const metres = eye.height < 1000 ? `${formatNumber(eye.height, 0)} ${t('metres')}` : `${formatNumber(eye.height / 1000, 1)} ${t('kilometres')}`;
    this.zoom.textContent = `${t('eyeHeight')} ${metres}`;
    if (at) this.renderPosition(at.lng, at.lat);
  }

  /** Says quietly when changes no longer arrive. */
  liveLost(lost: boolean): void {
    this.lost = lost;
    this.renderLive();
  }

  private renderLive(): void {
    this.live.textContent = this.lost ? t('liveLost') : '';
    this.live.hidden = !this.lost;
  }

  private render2D(): void {
    if (this.inScene) return;
    const center = this.map.getCenter();
    const zoom = this.map.getZoom();
    this.zoom.textContent = `${t('zoomLevel')} ${zoom.toFixed(1)}`;
    const metresPerPixel = (Math.cos((center.lat * Math.PI) / 180) * equatorMetres) / (512 * 2 ** zoom);
    const metres = roundDown(metresPerPixel * maxBarPixels);
    this.bar.style.width = `${metres / metresPerPixel}px`;
    this.bar.textContent = metres >= 1000 ? `${metres / 1000} ${t('kilometres')}` : `${metres} ${t('metres')}`;
    this.bar.title = t('scale');
    this.renderPosition(center.lng, center.lat);
  }

  private renderPosition(lng: number, lat: number): void {
    this.position.textContent = `${lng.toFixed(5)}°, ${lat.toFixed(5)}°`;
  }

  private renderSources(): void {
    const departments = [...new Set(this.store.visible().map(({ info }) => info.department))].filter(Boolean);
    this.sources.textContent = departments.length > 0 ? t('dataBy') + departments.join('、') : '';
    this.sources.title = this.sources.textContent;
  }
}

/** The largest of 1, 2, 3, 5 times a power of ten that is not above `value`. */
function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = value / power;
  return power * (digit >= 5 ? 5 : digit >= 3 ? 3 : digit >= 2 ? 2 : 1);
}
