import { en } from './en.ts';
import { zh, type Messages } from './zh.ts';

/** The languages of the portal. */
export type Lang = 'zh' | 'en';
/** A key of the dictionaries. */
export type Key = keyof Messages;

const dictionaries: Record<Lang, Messages> = { zh, en };
const storageKey = 'onemap.lang';

let current: Lang = initial();

/** The language in use. */
export function lang(): Lang {
  return current;
}

/** The language in use as a BCP 47 tag, for `lang` attributes and `Intl`. */
export function locale(): string {
  return current === 'zh' ? 'zh-CN' : 'en-GB';
}

/** Changes the language and remembers it for the next visit. */
export function setLang(next: Lang): void {
  current = next;
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // Storage may be forbidden; the language then lasts for this visit.
  }
}

/** The text for `key`, with `{name}` places filled from `values`. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return dictionaries[current][key].replace(/\{(\w+)\}/g, (place, name: string) =>
    name in values ? String(values[name]) : place,
  );
}

/** The text for a key that is put together at run time, or `fallback` when there is none. */
export function tMaybe(key: string, fallback: string): string {
  return key in zh ? t(key as Key) : fallback;
}

/** A number as people of the language in use write it. */
export function formatNumber(value: number, maximumFractionDigits = 3): string {
  return value.toLocaleString(locale(), { maximumFractionDigits });
}

/** `?lang=` wins, then what was chosen before, then what the browser asks for. */
function initial(): Lang {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === 'zh' || asked === 'en') return asked;
  try {
    const stored = localStorage.getItem(storageKey);
    if (stored === 'zh' || stored === 'en') return stored;
  } catch {
    // As above.
  }
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
