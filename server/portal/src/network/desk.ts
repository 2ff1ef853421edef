import { ApiError, address } from '../api.ts';
import { writeQuery } from '../address.ts';
import { lang, t } from '../i18n/index.ts';
import type { MapView } from '../map/view.ts';
import type { Moment } from '../moment.ts';
import { isNetwork, type LayerState, type LayerStore } from '../store.ts';
import { errorText } from '../ui/messages.ts';
import { answerAddress, ask, fetchDrawing, type Answers, type Question, type QuestionName } from './ask.ts';
import type { Drawing } from './drawing.ts';
import { Found } from './found.ts';
import { showSketch } from './highlight.ts';
import { Intake } from './intake.ts';
import { drawn, placesText, Sketch, type Place, type SketchKind } from './sketch.ts';

/** Something in a network. */
export interface Thing {
  layer: string;
  id: number | string;
  code: string;
  /** Where it is, so that it is marked beside what was found. */
  geometry?: GeoJSON.Geometry | null;
}

/** A question with its answer; `title` says what was asked, `subject` of what. */
export type Result = {
  [N in QuestionName]: { name: N; question: Question; title: () => string; subject: string; answer: Answers[N] };
}[QuestionName];

/** What is being asked, before there is an answer. */
interface Asked {
  question: Question;
  /** In the language in use when it is called. */
  title: () => string;
  subject: string;
  /** What was asked about. */
  about?: (GeoJSON.Geometry | null | undefined)[];
  /** Whether the map goes to what is found. */
  travels: boolean;
}

/** What the desk asks of the page. */
export interface DeskActions {
  /** Called when what is asked wants to be seen. */
  attend(): void;
  /** Called whenever something is to be shown anew. */
  changed(): void;
  fit(bounds: [number, number, number, number]): void;
}

/** The name of the mode in the address. */
const word = 'underground';
/** Depths that a pit may have, metres. */
export const depths = { least: 0.1, most: 60 };

/** Where questions about networks are asked: keeps the mode, the question, its answer, and what is drawn for it. */
export class NetworkDesk {
  readonly sketch: Sketch;
  readonly intake: Intake;
  readonly found: Found;
  /** Whether files are being taken in. */
  takesIn = false;
  result: Result | null = null;
  problem: string | null = null;
  busy = false;
  depth = 2;
  surface = 'carriageway';
  profileFrom: Thing | null = null;
  private asked: Asked | null = null;
  private corners: { kind: SketchKind; places: Place[] } | null = null;
  private request = new AbortController();
  /** The moment that was asked about. */
  private moments = '';
  private readonly switchedOn = new Set<string>();

  constructor(
    private readonly view: MapView,
    private readonly store: LayerStore,
    private readonly moment: Moment,
    private readonly drawing: Drawing,
    private readonly actions: DeskActions,
  ) {
    this.sketch = new Sketch(view.map);
    this.found = new Found(view, (bounds) => actions.fit(bounds));
    this.intake = new Intake(
      () => this.actions.changed(),
      (features) => {
        this.found.show(features ?? undefined);
        this.found.travelToMost();
      },
    );
    moment.follow(() => {
      if (this.asked && this.when(this.asked.question) !== this.moments) this.renew();
    });
  }

  /** Whether the page's address asks for underground mode. */
  static wanted(search = location.search): boolean {
    return new URLSearchParams(search).get(word) === '1';
  }

  get underground(): boolean {
    return this.view.underground;
  }

  /** The networks that there are. */
  get networks(): LayerState[] {
    return this.store.layers.filter(({ info }) => isNetwork(info) && info.bounds !== null);
  }

  /** The ids of the networks that are shown. */
  get shown(): string[] {
    return this.networks.filter(({ visible }) => visible).map(({ info }) => info.id);
  }

  /** What burst, when a shut-off of this layer is shown. */
  bursts(layer: string): string[] {
    const { result } = this;
    if (result?.name !== 'trace' || !result.answer.answer || result.answer.layer !== layer) return [];
    return (result.question.given['from'] ?? '').split(',');
  }

  /** Goes below ground, or comes back: the surface stands back, and the networks are shown. */
  setUnderground(on: boolean): void {
    if (on !== this.view.underground) {
      this.view.underground = on;
      writeQuery(word, on ? '1' : null);
      for (const { info, visible } of this.networks) {
        if (on && !visible) {
          this.switchedOn.add(info.id);
          this.store.change(info.id, { visible: true });
        } else if (!on && visible && this.switchedOn.has(info.id)) {
          this.store.change(info.id, { visible: false });
        }
      }
      if (!on) this.switchedOn.clear();
    }
    this.actions.changed();
  }

  /** Shows or hides a network. */
  showNetwork(id: string, visible: boolean): void {
    this.switchedOn.delete(id);
    this.store.change(id, { visible });
    this.actions.changed();
  }

  /** Follows a network from something in it. */
  trace(thing: Thing, kind: 'upstream' | 'downstream' | 'connected'): void {
    const question: Question = { name: 'trace', layers: [thing.layer], given: { from: String(thing.id), kind } };
    this.start({ question, title: () => t(`net_${kind}`), subject: thing.code, about: [thing.geometry], travels: true });
  }

  /** Whether the trace stops where the flow is not known. */
  get stopsAtAmbiguous(): boolean {
    return this.asked?.question.given['ambiguous'] === 'stop';
  }

  /** Traces again, and stops or passes where the flow is not known. */
  setAmbiguous(pass: boolean): void {
    this.change({ ambiguous: pass ? null : 'stop' });
  }

  /** Plans a shut-off; with `besides`, of one more burst. */
  burst(thing: Thing, besides = false): void {
    const before = besides ? this.bursts(thing.layer) : [];
    const from = [...new Set([...before, String(thing.id)])].join(',');
    const subject = before.length > 0 && this.result ? `${this.result.subject}, ${thing.code}` : thing.code;
    this.start({ question: { name: 'trace', layers: [thing.layer], given: { from, kind: 'isolate' } }, title: () => t('net_isolate'), subject, travels: true });
  }

  /** Valves of the shut-off that is shown that can not be turned. */
  get failed(): Set<string> {
    return new Set((this.asked?.question.given['failed'] ?? '').split(',').filter(Boolean));
  }

  /** Says that a valve can, or can not, be turned, and plans again. */
  toggleFailed(valve: number): void {
    const { failed } = this;
    if (!failed.delete(String(valve))) failed.add(String(valve));
    this.change({ failed: failed.size > 0 ? [...failed].join(',') : null });
  }

  /** Tells what is near a pipe, in all networks shown. */
  clearance(thing: Thing): void {
    const question: Question = { name: 'clearance', layers: this.withOthers(thing.layer), given: { id: String(thing.id) } };
    this.start({ question, title: () => t('net_clearance'), subject: thing.code, about: [thing.geometry], travels: false });
  }

  /** Keeps where a profile begins, or draws it to where it ends. */
  profile(thing: Thing): void {
    const from = this.profileFrom;
    if (from?.layer !== thing.layer || from.id === thing.id) {
      this.profileFrom = thing;
      this.actions.attend();
      this.actions.changed();
      return;
    }
    this.profileFrom = null;
    const given = { from: String(from.id), to: String(thing.id), lang: lang() };
    this.start({ question: { name: 'profile', layers: this.withOthers(thing.layer), given }, title: () => t('net_profile'), subject: `${from.code} – ${thing.code}`, travels: true });
  }

  /** Forgets where a profile was to begin. */
  dropProfile(): void {
    this.profileFrom = null;
    this.actions.changed();
  }

  /** Finds what lies too shallow in the networks shown. */
  cover(surface = this.surface): void {
    this.surface = surface;
    const given: Record<string, string> = surface === '' ? {} : { surface };
    this.start({ question: { name: 'cover', layers: this.shown, given }, title: () => t('net_cover'), subject: '', travels: false });
  }

  /** Sums the networks shown. */
  statistics(): void {
    const given = { by: 'class,size,material' };
    this.start({ question: { name: 'statistics', layers: this.shown, given }, title: () => t('net_statistics'), subject: '', travels: false });
  }

  /** Takes files in: they are checked first. */
  takeIn(): void {
    this.clear();
    this.takesIn = true;
    this.actions.changed();
  }

  /** Lets a line be drawn for a section, or an area for a pit. */
  draw(kind: SketchKind): void {
    this.clear();
    this.view.map.getCanvas().focus({ preventScroll: true });
    this.sketch.start(kind, () => this.actions.changed(), (corners) => {
      this.corners = { kind, places: corners };
      if (kind === 'line') this.section(corners);
      else this.excavate(corners);
    });
  }

  /** Digs deeper, or less deep. */
  dig(depth: number): void {
    if (!Number.isFinite(depth)) return;
    this.depth = Math.min(Math.max(depth, depths.least), depths.most);
    if (this.asked?.question.name === 'excavation') this.change({ depth: String(this.depth) });
  }

  /** Asks again, since what was answered may have changed. */
  renew(): void {
    if (this.asked) void this.answer({ ...this.asked, travels: false });
  }

  /** Asks again when a network that was asked has changed. */
  layerChanged(layer: string): void {
    if (this.asked?.question.layers.includes(layer)) this.renew();
  }

  /** Says everything in the language in use; drawings are made in it. */
  speak(): void {
    if (this.asked?.question.given['lang']) this.change({ lang: lang() });
  }

  /** Ends a drawing, else takes the answer away; tells whether there was anything. */
  escape(): boolean {
    if (this.sketch.drawing) {
      this.sketch.cancel();
      this.actions.changed();
      return true;
    }
    if (this.profileFrom) {
      this.dropProfile();
      return true;
    }
    if (!this.asked && !this.takesIn) return false;
    this.clear();
    return true;
  }

  /** Takes question, answer and drawings away. */
  clear(): void {
    this.request.abort();
    this.sketch.cancel();
    Object.assign(this, { asked: null, result: null, problem: null, busy: false, corners: null, takesIn: false });
    this.intake.clear();
    this.found.show(undefined);
    showSketch(this.view.map, null);
    this.drawing.close();
    this.actions.changed();
  }

  /** The address of a table of what is shown. */
  get csv(): string {
    return this.asked ? address(answerAddress(this.asked.question, 'csv', this.when(this.asked.question))) : '';
  }

  /** Shows the drawing of what was asked, if it has one. */
  async showDrawing(): Promise<void> {
    const { asked, result } = this;
    if (!asked || !result || (result.name !== 'section' && result.name !== 'profile')) return;
    const { signal } = this.request;
    try {
      const picture = await fetchDrawing(asked.question, this.when(asked.question), signal);
      if (signal.aborted) return;
      const title = [asked.title(), asked.subject].filter(Boolean).join(' · ');
      this.drawing.show({ title, picture, csv: this.csv, file: `${asked.title()}${asked.subject && ` ${asked.subject}`}` });
    } catch (error) {
      if (signal.aborted) return;
      this.problem = t('net_failed', { reason: String(error) });
      this.actions.changed();
    }
  }

  private section(corners: Place[]): void {
    const given = { line: placesText(corners), lang: lang() };
    this.start({ question: { name: 'section', layers: this.shown, given }, title: () => t('net_section'), subject: '', travels: false });
  }

  private excavate(corners: Place[]): void {
    const given = { polygon: placesText(corners), depth: String(this.depth) };
    this.start({ question: { name: 'excavation', layers: this.shown, given }, title: () => t('net_excavation'), subject: '', travels: false });
  }

  /** The networks shown, the given one first. */
  private withOthers(layer: string): string[] {
    return [layer, ...this.shown.filter((id) => id !== layer)];
  }

  private start(asked: Asked): void {
    if (asked.question.name !== 'section' && asked.question.name !== 'excavation') {
      this.corners = null;
      showSketch(this.view.map, null);
    }
    this.result = null;
    this.takesIn = false;
    this.intake.clear();
    this.drawing.close();
    this.found.show(undefined);
    this.actions.attend();
    void this.answer(asked);
  }

  /** Asks the same with other words; a word that is null is left out. */
  private change(words: Record<string, string | null>): void {
    if (!this.asked) return;
    const given = Object.fromEntries(Object.entries({ ...this.asked.question.given, ...words }).filter((entry): entry is [string, string] => entry[1] !== null));
    void this.answer({ ...this.asked, question: { ...this.asked.question, given }, travels: false });
  }

  private async answer(asked: Asked): Promise<void> {
    const { question } = asked;
    this.asked = asked;
    this.moments = this.when(question);
    this.request.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    if (question.layers.length === 0) {
      this.problem = t('net_none');
      this.actions.changed();
      return;
    }
    Object.assign(this, { busy: true, problem: null });
    if (this.corners) showSketch(this.view.map, drawn(this.corners.kind, this.corners.places));
    this.actions.changed();
    try {
      const answer = await ask(question, this.when(question), signal);
      if (signal.aborted) return;
      this.result = { name: question.name, question, title: asked.title, subject: asked.subject, answer } as Result;
      this.found.show(answer.features, asked.about);
      if (asked.travels) this.found.travel();
    } catch (error) {
      if (signal.aborted) return;
      this.problem = t('net_failed', { reason: error instanceof ApiError ? errorText(error) : String(error) });
    }
    this.busy = false;
    this.actions.changed();
    await this.showDrawing();
  }

  /** The part of the query that chooses the moment. */
  private when({ layers }: Question): string {
    return layers.map((id) => this.store.get(id)?.info).flatMap((info) => (info ? [this.moment.query(info)] : [])).find(Boolean) ?? '';
  }
}
