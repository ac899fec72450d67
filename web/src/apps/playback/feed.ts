// One recorded track in one media element: the Matroska that the platform deciphers goes into the browser as it comes,
// and stands there on the part's own time line. Only so much is read ahead; what lies far behind is let go.
import { covers, type Span } from "./logic/line.ts";
import type { Correction, Player } from "./logic/drift.ts";

const AHEAD = 60;
const BEHIND = 120;
const TYPES = { video: 'video/webm; codecs="vp8"', audio: 'audio/webm; codecs="opus"' } as const;
const ENOUGH = 3;

export class Feed {
  failed = false;
  private buffer: SourceBuffer | null = null;
  private target = 0;
  private more: (() => void) | null = null;
  private closed = false;
  private ended = false;
  private reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(
    readonly track: string,
    private readonly kind: "audio" | "video",
    private readonly spans: readonly Span[],
    private readonly open: () => Promise<ReadableStream<Uint8Array>>,
    private readonly length: number,
  ) {}

  private element: HTMLMediaElement | null = null;

  /** Hangs the track on an element and begins to read. */
  attach(element: HTMLMediaElement): void {
    if (this.element === element) return;
    this.element = element;
    const source = new MediaSource();
    const address = URL.createObjectURL(source);
    element.src = address;
    source.addEventListener("sourceopen", () => {
      URL.revokeObjectURL(address);
      this.run(source).catch(() => (this.failed = true));
    }, { once: true });
  }

  /** How the element stands, or null before there is one. */
  player(): Player | null {
    const { element } = this;
    if (element === null) return null;
    return {
      at: element.currentTime * 1_000,
      paused: element.paused,
      seeking: element.seeking,
      ready: this.failed || this.holds(this.target) && (element.readyState >= ENOUGH || element.paused),
      rate: element.playbackRate,
    };
  }

  covered(at: number): boolean {
    return !this.failed && covers(this.spans, at);
  }

  /** Follows a correction; where the track has nothing it rests. */
  follow(told: Correction, target: number): void {
    const { element } = this;
    this.target = target;
    this.more?.();
    if (element === null || this.failed) return;
    if (!this.covered(target) || !this.holds(target)) return element.pause();
    if (told.seek !== null) element.currentTime = told.seek / 1_000;
    if (element.playbackRate !== told.rate) element.playbackRate = told.rate;
    if (told.play && element.paused) element.play().catch(() => undefined);
    else if (!told.play && !element.paused) element.pause();
  }

  close(): void {
    this.closed = true;
    this.more?.();
    void this.reader?.cancel().catch(() => undefined);
    this.element?.removeAttribute("src");
    this.element?.load();
  }

  private holds(at: number): boolean {
    const ranges = this.buffer?.buffered;
    if (ranges === undefined) return false;
    for (let index = 0; index < ranges.length; index += 1) {
      if (ranges.start(index) * 1_000 - SLACK <= at && at < ranges.end(index) * 1_000) return true;
    }
    return this.ended;
  }

  private async run(source: MediaSource): Promise<void> {
    const buffer = source.addSourceBuffer(TYPES[this.kind]);
    this.buffer = buffer;
    source.duration = this.length / 1_000;
    this.reader = (await this.open()).getReader();
    for (;;) {
      await this.room();
      if (this.closed) return;
      const { done, value } = await this.reader.read();
      if (this.closed) return;
      if (done) break;
      await this.append(buffer, value);
    }
    this.ended = true;
    if (source.readyState === "open") source.endOfStream();
  }

  /** Waits while there is plenty ahead. */
  private async room(): Promise<void> {
    while (!this.closed && this.ahead() > AHEAD) await new Promise<void>((done) => (this.more = done));
  }

  private ahead(): number {
    const ranges = this.buffer?.buffered;
    return ranges === undefined || ranges.length === 0 ? 0 : ranges.end(ranges.length - 1) - this.target / 1_000;
  }

  private async append(buffer: SourceBuffer, bytes: Uint8Array): Promise<void> {
    try {
      buffer.appendBuffer(bytes as BufferSource);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") throw error;
      buffer.remove(0, Math.max(this.target / 1_000 - BEHIND, 0.001));
      await settled(buffer);
      buffer.appendBuffer(bytes as BufferSource);
    }
    await settled(buffer);
  }
}
// A picture is shown from a little before its own time.
const SLACK = 60;

function settled(buffer: SourceBuffer): Promise<void> {
  return new Promise((done, fail) => {
    buffer.addEventListener("updateend", () => done(), { once: true });
    buffer.addEventListener("error", () => fail(new Error("not playable")), { once: true });
  });
}
