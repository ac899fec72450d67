// Push-to-talk as a machine without a page: down opens the microphone and only then the intercom, up closes both, also
// when it comes before the opening is done. What goes wrong ends the press. Never two presses at a time.

export type PressState = "idle" | "opening" | "on" | "closing";

export interface PressPorts {
  /** Opens the microphone and publishes it. Throws a DOMException by name of its cause. */
  readonly open: () => Promise<void>;
  /** Takes the microphone away; never throws. */
  readonly shut: () => void;
  readonly tell: (on: boolean) => Promise<unknown>;
  readonly changed: (state: PressState) => void;
  readonly failed: (error: unknown) => void;
}

export class Press {
  state: PressState = "idle";
  private held = false;

  constructor(private readonly ports: PressPorts) {}

  down(): void {
    this.held = true;
    if (this.state === "idle") void this.begin();
  }

  up(): void {
    this.held = false;
    if (this.state === "on") void this.end();
  }

  private async begin(): Promise<void> {
    this.set("opening");
    let told = false;
    try {
      await this.ports.open();
      if (!this.held) return this.rest();
      told = true;
      await this.ports.tell(true);
    } catch (error) {
      this.rest();
      this.ports.failed(error);
      // The answer alone may be what was lost.
      if (told) this.ports.tell(false).catch(() => undefined);
      return;
    }
    this.set("on");
    // Let go while the room was being told.
    if (!this.held) await this.end();
  }

  private async end(): Promise<void> {
    this.set("closing");
    // Silence first: the room is told after nothing more can be heard.
    this.ports.shut();
    try {
      await this.ports.tell(false);
    } catch (error) {
      this.ports.failed(error);
    }
    this.set("idle");
    if (this.held) void this.begin();
  }

  private rest(): void {
    this.ports.shut();
    this.set("idle");
  }

  private set(state: PressState): void {
    this.state = state;
    this.ports.changed(state);
  }
}
