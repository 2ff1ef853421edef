import type { Cesium3DTileset, Scene } from '@cesium/engine';
import type { Cesium } from './program.ts';

/** How strong the light of the sun, or of the lamp in its place, is. */
export const intensity = 2.6;
/** The light of an even sky, as much from all sides. */
const even: [red: number, green: number, blue: number] = [0.78, 0.8, 0.83];
/** What comes more from above than from below. */
const above = 0.18;
/** The part of the light that comes back from a flat roof, measured on the screen; the rest is mirrored away. */
const matt = 0.855;
/** What is mirrored into the eye, measured too. */
const shine = 0.012;

/** Gives a tileset the light of an even sky, which needs no picture of one. */
export function lightFromSky({ Cartesian2, Cartesian3 }: Cesium, tileset: Cesium3DTileset): void {
  const none = new Cartesian3(0, 0, 0);
  tileset.environmentMapManager.enabled = false;
  tileset.imageBasedLighting.imageBasedLightingFactor = new Cartesian2(1, 0);
  tileset.imageBasedLighting.sphericalHarmonicCoefficients = [new Cartesian3(...even), none, new Cartesian3(above, above, above), none, none, none, none, none, none];
}

/** The direction of light from the upper left of the picture, a little from behind the eye: walls differ, and none is black. */
export function usualLight({ Cartesian3 }: Cesium, { camera }: Scene) {
  const up = Cartesian3.normalize(camera.positionWC, new Cartesian3());
  const direction = Cartesian3.multiplyByScalar(up, -1.1, new Cartesian3());
  Cartesian3.add(direction, Cartesian3.multiplyByScalar(camera.directionWC, 0.35, new Cartesian3()), direction);
  Cartesian3.add(direction, Cartesian3.multiplyByScalar(camera.rightWC, 0.55, new Cartesian3()), direction);
  return Cartesian3.normalize(direction, direction);
}

/** How much light a flat roof throws back when the sun stands so high (the sine of its height), each of red, green, blue. */
export function roofLight(sine: number): [number, number, number] {
  const direct = (intensity * Math.max(sine, 0)) / Math.PI;
  return even.map((sky) => matt * (direct + sky + above)) as [number, number, number];
}

/** How high the usual light stands, as the sine. */
export const usualHeight = 0.91;

/**
 * The colour that something must have so that it looks as `css` says in this light. CesiumJS takes colours of features as linear,
 * and squeezes what is bright (the Khronos PBR neutral tone mapper, undone here where it can be).
 */
export function paintFor(css: string, light: [number, number, number]): string {
  const seen = [1, 3, 5].map((at) => linear(Number.parseInt(css.slice(at, at + 2), 16) / 255));
  const least = Math.min(...seen);
  const offset = least < 0.04 ? Math.sqrt(least / 6.25) - least : 0.04;
  const peak = Math.max(...seen);
  // Above this the mapper squeezes: the peak p becomes 1 - d² / (p + d - start).
  const [start, d] = [0.76, 0.24];
  const before = peak < start ? peak : Math.min((d * d) / Math.max(1 - peak, 0.03) - d + start, 1.2);
  const stretch = peak > 0 ? before / peak : 1;
  const parts = seen.map((part, i) => Math.round(255 * Math.min(Math.max((part * stretch + offset - shine) / (light[i] ?? 1), 0), 1)));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}
