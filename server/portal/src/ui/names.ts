import type { Bilingual, FieldInfo, LayerInfo } from '../api.ts';
import { formatNumber, lang, t } from '../i18n/index.ts';

/** The title of a layer in the language in use; the catalogue has one, a style may have both. */
export function layerTitle(info: LayerInfo): string {
  const english = info.title_en || info.style?.title?.en;
  if (lang() === 'en' && english) return english;
  return info.title || info.id;
}

/** A bilingual text in the language in use. */
export function local(text: Bilingual): string {
  return text[lang()];
}

/** The title of a field. A Chinese title says little to an English reader when the name is plain ASCII. */
export function fieldTitle(field: FieldInfo): string {
  const title = (lang() === 'en' && field.title_en) || field.title || field.name;
  const plainName = /^[\x20-\x7e]+$/.test(field.name);
  const text = lang() === 'en' && plainName && /[^\x20-\x7e]/.test(title) ? sentence(field.name) : title;
  return field.unit ? `${text} (${field.unit})` : text;
}

/** A value as a person reads it; nothing for what is missing. */
export function valueText(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** A number with the thousands marked, unless it is more likely a year or a code. */
export function numberText(value: number, field: FieldInfo | undefined): string {
  const isName = /year|年|code|编码|代码|编号|id$/i.test(`${field?.name ?? ''} ${field?.title ?? ''}`);
  return isName ? String(value) : formatNumber(value);
}

/** From when to when something holds. */
export function validText({ from, to }: { from: string | null; to: string | null }): string {
  const [begin, end] = [from?.slice(0, 10) ?? '', to?.slice(0, 10) ?? ''];
  if (begin && end) return t('validBetween', { from: begin, to: end });
  return begin ? t('validFrom', { from: begin }) : end ? t('validTo', { to: end }) : '—';
}

/** A time extent as two dates. */
export function timeText(time: { from: string | null; to: string | null }): string {
  return `${time.from?.slice(0, 10) ?? '…'} – ${time.to?.slice(0, 10) ?? '…'}`;
}

function sentence(name: string): string {
  const words = name.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
