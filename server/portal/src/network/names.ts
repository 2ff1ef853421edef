import { formatNumber, lang, t, tMaybe } from '../i18n/index.ts';

/** Classes and subclasses of CJJ 61-2017, appendix B. */
const systems: Record<string, [zh: string, en: string, color: string]> = {
  JS: ['给水', 'Water', '#00b4d8'],
  PS: ['排水', 'Drainage', '#4c3926'],
  RQ: ['燃气', 'Gas', '#ff00ff'],
  RL: ['热力', 'Heat', '#ff8000'],
  DL: ['电力', 'Power', '#ff0000'],
  TX: ['通信', 'Telecom', '#00b300'],
  GY: ['工业', 'Industrial', '#000000'],
  QT: ['其他', 'Other', '#6600cc'],
  JY: ['原水', 'Raw water', '#00b4d8'],
  SS: ['输水', 'Water transmission', '#00b4d8'],
  ZS: ['中水', 'Reclaimed water', '#00b4d8'],
  JP: ['配水', 'Water distribution', '#00b4d8'],
  XS: ['消防', 'Fire water', '#00b4d8'],
  YS: ['雨水', 'Storm sewer', '#7a5c3e'],
  WS: ['污水', 'Foul sewer', '#4c3926'],
  HS: ['合流', 'Combined sewer', '#5f4630'],
  MQ: ['煤气', 'Coal gas', '#ff00ff'],
  TR: ['天然气', 'Natural gas', '#ff00ff'],
  RS: ['热水', 'Hot water', '#ff8000'],
  ZQ: ['蒸汽', 'Steam', '#ff8000'],
  GD: ['供电', 'Power supply', '#ff0000'],
  LD: ['路灯', 'Street light', '#ff0000'],
  XH: ['交通信号', 'Traffic signal', '#ff0000'],
  DH: ['电话', 'Telephone', '#00b300'],
  DS: ['有线电视', 'Cable television', '#00b300'],
  XX: ['信息网络', 'Data network', '#00b300'],
  GB: ['广播', 'Broadcast', '#00b300'],
};

/** The name of a class of pipelines; its code where the standard has no name. */
export function systemName(code: string): string {
  return systems[code]?.[lang() === 'zh' ? 0 : 1] ?? code;
}

/** The colour that a class is drawn with. */
export function systemColor(code: string): string {
  return systems[code]?.[2] ?? '#6600cc';
}

/** What kind of thing stands in a network. */
export function elementName(element: string): string {
  return tMaybe(`element_${element}`, element);
}

/** A length as people say it. */
export function metresText(metres: number | null | undefined): string {
  if (metres === null || metres === undefined) return '—';
  if (Math.abs(metres) >= 10_000) return `${formatNumber(metres / 1000, 1)} ${t('kilometres')}`;
  return `${formatNumber(metres, Math.abs(metres) < 100 ? 2 : 0)} ${t('metres')}`;
}

/** A height, depth or distance to the centimetre. */
export function exactText(metres: number | null | undefined): string {
  return metres === null || metres === undefined ? '—' : metres.toFixed(2);
}
