import type { Map as MapLibreMap } from 'maplibre-gl';

/** Pictograms on a 24 by 24 grid, drawn in white on a coloured disc. */
const pictograms: Record<string, string> = {
  dot: 'M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z',
  school: 'M12 5.5 3.5 9.6 12 13.7l6.5-3.1v4.2h1.6V9.6L12 5.5ZM7 13v3.2c1.3 1.4 3 2.1 5 2.1s3.7-.7 5-2.1V13l-5 2.400L7 13Z',
  hospital: 'M10 6h4v4h4v4h-4v4h-4v-4H6v-4h4V6Z',
  camera: 'M4.5 8h10v8h-10V8Zm11 2.6 4-2v6.800l-4-2v-2.800Z',
  shop: 'M8.5 9V8a3.5 3.5 0 0 1 7 0v1H18l-.8 9H6.800L6 9h2.500Zm1.7 0h3.600V8a1.8 1.8 0 0 0-3.6 0v1Z',
  food: 'M7 5.500h1.300v4h.9v-4h1.300v4h.9v-4h1.300v5c0 1.3-.8 2.2-1.9 2.500V18.500H8.900V13C7.8 12.7 7 11.8 7 10.500v-5Zm8.6 0c1.4.8 2 2.6 2 5.300V13h-1.300v5.500h-1.700V5.500h1Z',
  bank: 'M12 5 5 8.800V10h14V8.800L12 5ZM6.5 11h2v5h-2v-5Zm4.5 0h2v5h-2v-5Zm4.5 0h2v5h-2v-5ZM5 17h14v1.600H5V17Z',
  hotel: 'M4.5 7H6v5.500h12.500c.6 0 1 .5 1 1V17H18v-1.500H6V17H4.500V7ZM8.7 8.700a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.200ZM11.5 9H17a2 2 0 0 1 2 2v.700h-7.500V9Z',
  medicine: 'M15.8 5.800a3.4 3.4 0 0 1 2.4 5.800l-6.6 6.600a3.4 3.4 0 0 1-4.8-4.800l6.6-6.600a3.4 3.4 0 0 1 2.4-1Zm-5.3 5.2-2.6 2.600a1.8 1.8 0 0 0 2.5 2.500l2.6-2.6-2.5-2.500Z',
  office: 'M6 5h8v4h4v10h-4.500v-3h-3v3H6V5Zm2 2.200v1.600h1.600V7.200H8Zm2.9 0v1.600h1.600V7.200h-1.600ZM8 10.200v1.600h1.600v-1.600H8Zm2.9 0v1.600h1.600v-1.600h-1.600Zm3.3.8v1.600h1.600V11h-1.600Z',
  government: 'm12 4.6 2.1 4.5 4.9.6-3.6 3.4.9 4.9-4.3-2.400L7.7 18l.9-4.900L5 9.700l4.9-.6L12 4.600Z',
  culture: 'M5 6.500c2.5-.6 4.8-.3 7 1 2.2-1.3 4.5-1.6 7-1v10.300c-2.5-.6-4.8-.3-7 1-2.2-1.3-4.5-1.6-7-1V6.500Zm6.3 2.600C9.8 8.2 8.3 7.8 6.6 8v7.100c1.6-.1 3.2.2 4.7 1V9.100Z',
  park: 'M12 4.5 7 11h2.300L6 15.500h5.200V19h1.600v-3.500H18L14.7 11H17l-5-6.500Z',
  bus: 'M6 6.500c0-1 1.5-1.5 6-1.500s6 .5 6 1.500V16l-1 1v1.500h-2V17H9v1.500H7V17l-1-1V6.500Zm1.5 1.500v4h9V8h-9Zm1 5.700a1 1 0 1 0 0 2 1 1 0 0 0 0-2Zm7 0a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z',
  parking: 'M8.5 5.500h4.300a3.9 3.9 0 0 1 0 7.800h-2.100v5.200H8.500v-13Zm2.2 2v3.800h2a1.9 1.9 0 0 0 0-3.800h-2Z',
  sport: 'M12 4.500a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15Zm0 3.3 2.7 2-1 3.200h-3.400l-1-3.2 2.7-2Z',
  home: 'm12 5 7.5 6.500h-2V18.500h-4V14h-3v4.500h-4v-7h-2L12 5Z',
  fuel: 'M6 5h7v5.500h.8c.8 0 1.4.6 1.4 1.400v3.300c0 .4.3.6.6.6s.6-.2.6-.6V10l-1.7-1.7 1-1 2.3 2.300v5.700a2.2 2.2 0 0 1-4.3 0V12H13v6.500H6V5Zm1.7 1.700v3.200h3.600V6.700H7.700Z',
};

/** Draws the icons that styles name `mark:PICTOGRAM:COLOUR` or `arrow:COLOUR` (to the right), when the map first needs them. */
export function drawIconsOnDemand(map: MapLibreMap): void {
  map.setMissingStyleImageResolver((id) => {
    const image = id.startsWith('arrow:') ? arrowImage(id.slice(6)) : markImage(id);
    if (image && !map.hasImage(id)) map.addImage(id, image, { pixelRatio: 3 });
  });
}

/** The path of a pictogram, for legends. */
export function pictogram(name: string): string | undefined {
  return pictograms[name];
}

function markImage(id: string): ImageData | null {
  const [kind, name, color] = id.split(':');
  if (kind !== 'mark' || !name || !color) return null;
  const size = 66;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.scale(3, 3);
  context.beginPath();
  context.arc(11, 11, 10, 0, 2 * Math.PI);
  context.fillStyle = '#ffffff';
  context.fill();
  context.beginPath();
  context.arc(11, 11, 8.7, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.translate(11, 11);
  context.scale(0.58, 0.58);
  context.translate(-12, -12);
  context.fillStyle = '#ffffff';
  context.fill(new Path2D(pictograms[name] ?? pictograms['dot']), 'evenodd');
  return context.getImageData(0, 0, size, size);
}

/** An arrow head to the right with a white edge, for the way that something flows. */
function arrowImage(color: string): ImageData | null {
  const size = 42;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.scale(3, 3);
  const head = new Path2D('M4 3 11 7 4 11 5.6 7Z');
  context.lineJoin = 'round';
  context.lineWidth = 2.4;
  context.strokeStyle = '#ffffff';
  context.stroke(head);
  context.fillStyle = color;
  context.fill(head);
  return context.getImageData(0, 0, size, size);
}
