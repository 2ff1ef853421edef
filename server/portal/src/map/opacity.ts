const opacityProperties: Record<string, string[]> = {
  fill: ['fill-opacity'],
  line: ['line-opacity'],
  circle: ['circle-opacity', 'circle-stroke-opacity'],
  symbol: ['text-opacity', 'icon-opacity'],
  'fill-extrusion': ['fill-extrusion-opacity'],
  raster: ['raster-opacity'],
};

/** The opacity properties of a map layer, each multiplied by `factor`: a number, or an expression without `zoom`. */
export function withOpacity(
  type: string,
  paint: Record<string, unknown>,
  factor: number | unknown[],
): [property: string, value: unknown][] {
  return (opacityProperties[type] ?? []).map((property) => [property, scale(paint[property] ?? 1, factor)]);
}

/**
 * Multiplies a number or an expression. `zoom` may only stand at the top of an expression, so the
 * outputs of a top-level `interpolate` or `step` are multiplied one by one.
 */
function scale(value: unknown, factor: number | unknown[]): unknown {
  if (factor === 1) return value;
  if (typeof value === 'number') return typeof factor === 'number' ? value * factor : ['*', value, factor];
  if (!Array.isArray(value)) return value;
  const outputs = value[0] === 'interpolate' ? 4 : value[0] === 'step' ? 2 : null;
  if (outputs === null) return ['*', value, factor];
  return value.map((part: unknown, index) =>
    index >= outputs && (index - outputs) % 2 === 0 ? scale(part, factor) : part,
  );
}
