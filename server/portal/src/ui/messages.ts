import { ApiError } from '../api.ts';
import { h } from '../dom.ts';
import { t, type Key } from '../i18n/index.ts';

/** What went wrong with a request, in words. */
export function errorText(error: ApiError): string {
  const text = {
    network: t('networkDown'),
    status: t('httpStatus', { status: error.status }),
    answer: t('badAnswer'),
  }[error.reason];
  return error.reason === 'status' && error.message ? `${text}: ${error.message}` : text;
}

/** Why something could not be drawn, in words: what map and scene say of it is for programmers, and in English. */
export function failureText(reason: string): string {
  const status = /\b[45]\d\d\b/.exec(reason)?.[0];
  if (status !== undefined) return t('httpStatus', { status });
  return /failed to fetch|network|load failed|aborted|has failed/i.test(reason) ? t('networkDown') : reason;
}

/** A card in the middle of the page that says why there is no map, and what to do. */
export function notice(title: Key, help: Key, detail: string, again: () => void): HTMLElement {
  return h(
    'div',
    { class: 'card notice', role: 'alert' },
    h('h2', {}, t(title)),
    h('p', {}, t(help)),
    detail !== '' && h('p', { class: 'note' }, detail),
    h('button', { type: 'button', class: 'primary', onclick: again }, t('retry')),
  );
}

/** What a person with an empty catalogue should do first. */
export function emptyNotice(): HTMLElement {
  return h(
    'div',
    { class: 'card notice' },
    h('h2', {}, t('emptyTitle')),
    h('p', {}, t('emptyHelp')),
    h('h3', {}, t('emptyOwn')),
    h('pre', {}, h('code', {}, 'onemap import 道路.shp \\\n  --title 道路 --department 交通运输局')),
    h('h3', {}, t('emptyDemo')),
    h('pre', {}, h('code', {}, 'make demo')),
    h('button', { type: 'button', class: 'primary', onclick: () => location.reload() }, t('reload')),
  );
}
