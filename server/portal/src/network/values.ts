import { lang } from '../i18n/index.ts';
import { elementName, systemName } from './names.ts';

type Words = Record<string, [zh: string, en: string]>;

/** Ways of laying by CJJ 61-2017 table C.0.2. */
const layings: Words = {
  ZM: ['直埋', 'Buried'],
  GM: ['管埋', 'In a pipe'],
  GK: ['管块', 'Duct bank'],
  GG: ['管沟', 'Trench'],
  JK: ['架空', 'Overhead'],
  DM: ['地面', 'On the ground'],
  SJ: ['上架', 'On a rack'],
  XTD: ['小通道', 'Passage'],
  ZH: ['综合管廊', 'Utility tunnel'],
  RF: ['人防', 'Civil defence'],
  JN: ['井内连线', 'Within a chamber'],
  DG: ['顶管', 'Jacked or drilled'],
  SX: ['水下', 'Under water'],
};
const shapes: Words = {
  round: ['圆形', 'Round'],
  rectangle: ['矩形', 'Rectangular'],
  egg: ['蛋形', 'Egg'],
  arch: ['拱形', 'Arch'],
  trapezoid: ['梯形', 'Trapezoidal'],
  open: ['明渠', 'Open channel'],
};
const levels: Words = {
  top: ['管顶', 'Top'],
  invert: ['管内底', 'Invert'],
  centre: ['管中心', 'Centre'],
};
const reasons: Words = {
  given: ['资料给出', 'As stated'],
  inverts: ['按管底高程', 'By inverts'],
  element: ['按设备', 'By the device'],
  computed: ['推算', 'Computed'],
};
const flows: Words = {
  '1': ['起点至终点', 'From first to last'],
  '-1': ['终点至起点', 'From last to first'],
  '0': ['双向或不流', 'Both or none'],
};

const named = (words: Words) => (code: string) => words[code]?.[lang() === 'zh' ? 0 : 1];
/** What the codes of a field mean, by the names that networks give their fields. */
const meanings: Record<string, (code: string) => string | undefined> = {
  element: elementName,
  class: systemName,
  subclass: systemName,
  laying: named(layings),
  shape: named(shapes),
  level: named(levels),
  flow: named(flows),
  flow_by: named(reasons),
};

/** A code of a network in words, with the code where people write it; nothing where there are no words for it. */
export function codeText(field: string, value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const code = String(value);
  const text = meanings[field]?.(code);
  if (text === undefined || text === code) return null;
  return /^[A-Z]{2,3}$/.test(code) ? `${text} (${code})` : text;
}
