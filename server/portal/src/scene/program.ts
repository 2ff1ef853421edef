import { cesiumFolder } from '../../cesium-folder.ts';

/** CesiumJS. */
export type Cesium = typeof import('@cesium/engine');

/** Reads CesiumJS when it is first needed: four megabytes that the map alone does without. */
export async function loadCesium(): Promise<Cesium> {
  // Where it finds its workers; it looks when it starts.
  (window as unknown as { CESIUM_BASE_URL?: string }).CESIUM_BASE_URL = new URL(`${cesiumFolder}/`, document.baseURI).href;
  return import('@cesium/engine');
}
