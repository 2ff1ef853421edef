/** Where somebody looks from, in the terms of the flat map. */
export interface Camera {
  /** Longitude and latitude of the middle of the picture, degrees. */
  center: [number, number];
  zoom: number;
  /** Degrees from straight down. */
  pitch: number;
  /** Degrees clockwise from north. */
  bearing: number;
}

/** Circumference of the earth at the equator, metres, and pixels of a tile: Web Mercator as MapLibre has it. */
const circumference = 2 * Math.PI * 6378137;
const tilePixels = 512;

/** How far the eye is from the middle of the picture, metres; `fov` is the vertical field of view, radians. */
export function rangeOf({ center, zoom }: Camera, height: number, fov: number): number {
  const metresPerPixel = (Math.cos((center[1] * Math.PI) / 180) * circumference) / (tilePixels * 2 ** zoom);
  return (metresPerPixel * height) / (2 * Math.tan(fov / 2));
}

/** The zoom at which the eye is so far away: the inverse of {@link rangeOf}. */
export function zoomOf(range: number, latitude: number, height: number, fov: number): number {
  const metresPerPixel = (range * 2 * Math.tan(fov / 2)) / height;
  return Math.log2((Math.cos((latitude * Math.PI) / 180) * circumference) / (tilePixels * metresPerPixel));
}

/** The field of view that CesiumJS wants, that of the longer side. */
export function longerFov(fov: number, width: number, height: number): number {
  return width > height ? 2 * Math.atan((Math.tan(fov / 2) * width) / height) : fov;
}
