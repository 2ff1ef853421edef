/** Places in the map, lowest first. A fragment's layers name one of them. */
export const slots = ['ground', 'fills', 'green', 'water', 'roads', 'buildings', 'lines', 'points', 'labels'] as const;

/**
 * A number that orders map layers: slot first, then rank within the slot, then the layer's place
 * in the catalogue, then its place in the fragment.
 */
export function drawOrder(slot: string, rank: number, catalogue: number, position: number): number {
  const index = slots.indexOf(slot as (typeof slots)[number]);
  const place = index < 0 ? slots.indexOf('lines') : index;
  const clamped = Math.min(Math.max(Math.round(rank), -49), 49) + 50;
  return ((place * 100 + clamped) * 10_000 + Math.min(catalogue, 9_999)) * 100 + Math.min(position, 99);
}
