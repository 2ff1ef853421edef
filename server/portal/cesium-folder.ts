/** Where CesiumJS stands below the page; its version is in the name, so that browsers may keep it for ever. */
export const cesiumFolder = 'assets/cesium-1.145.0';
