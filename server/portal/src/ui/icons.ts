/** Path data of the buttons' icons, on a 20 by 20 grid, stroked. */
export const glyphs = {
  close: 'M5 5l10 10M15 5L5 15',
  chevron: 'M5.5 8l4.5 4.500L14.5 8',
  more: 'M4.5 6h11M4.5 10h11M4.5 14h11M7 4.500v3M13 8.500v3M9 12.500v3',
  target: 'M4 7.500V4h3.500M12.5 4H16v3.500M16 12.500V16h-3.500M7.5 16H4v-3.500M10 8.500v3M8.5 10h3',
  search: 'M9 3.500a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l3.5 3.5',
  layers: 'M10 3.500L17 7l-7 3.500L3 7zM3.5 10.500L10 13.800l6.5-3.300M3.5 13.700L10 17l6.5-3.3',
  plus: 'M10 4.500v11M4.5 10h11',
  cube: 'M10 3l6.2 3.500v7L10 17l-6.2-3.500v-7zM3.8 6.500L10 10l6.2-3.500M10 10v7',
  minus: 'M4.5 10h11',
  copy: 'M7.5 7.500h8v8h-8zM4.5 12.500v-8h8',
  clock: 'M10 3.500a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM10 6.500V10l2.5 1.800',
  play: 'M6.5 4.500L15.5 10l-9 5.500z',
  pause: 'M7 5v10M13 5v10',
  collapse: 'M12 5.500L7.5 10l4.5 4.5',
};
