// A signature as the server keeps it: a small PNG. Drawn with pen, finger or mouse; whoever uses the keyboard types the
// name and it is drawn. Nothing of it stays in the page.

export const WIDTH = 480;
export const HEIGHT = 160;

export interface Stroke {
  readonly points: readonly (readonly [number, number])[];
}

/** Whether anybody could call it a signature: more than a dot. */
export function isDrawn(strokes: readonly Stroke[]): boolean {
  return strokes.reduce((length, stroke) => length + lengthOf(stroke), 0) > 40;
}

function lengthOf(stroke: Stroke): number {
  return stroke.points.slice(1).reduce((sum, [x, y], index) => {
    const [px, py] = stroke.points[index] ?? [x, y];
    return sum + Math.hypot(x - px, y - py);
  }, 0);
}

export function paint(canvas: HTMLCanvasElement, strokes: readonly Stroke[], typed: string): void {
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.strokeStyle = pen.fillStyle = "#1b2733";
  pen.lineWidth = 3;
  pen.lineCap = pen.lineJoin = "round";
  for (const stroke of strokes) {
    pen.beginPath();
    stroke.points.forEach(([x, y], index) => (index === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
    pen.stroke();
  }
  if (typed !== "") {
    pen.font = "56px serif";
    pen.textBaseline = "middle";
    pen.fillText(typed, 24, HEIGHT / 2, WIDTH - 48);
  }
}

/** The PNG of a canvas in base64url without padding. */
export function imageOf(canvas: HTMLCanvasElement): string {
  const [, data = ""] = canvas.toDataURL("image/png").split(",");
  return base64url(data);
}

export const base64url = (base64: string): string =>
  base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
