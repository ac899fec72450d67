// Command line of the second verifier, for Node ≥ 20: verify, vectors, batch. See USAGE.
// Exit codes: 0 all checks pass, 1 a check fails (or a vector differs), 2 wrong use or unreadable file, 3 defect of this program.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { runVectors } from "./conformance.ts";
import { ProofError } from "./errors.ts";
import { verify, type Options, type Report } from "./verify.ts";

const USAGE = `usage: qiantong-verify verify BUNDLE [--pool FILE] [--receipt FILE] [--reply FILE] [--trust FILE] [--json]
       qiantong-verify vectors FILE
       qiantong-verify batch < lines

verify   checks one bundle; prints every check, or the first that fails
vectors  recomputes a conformance file; prints values and mismatches as JSON
batch    reads lines, each the base64 of a bundle or {"bundle":…,"pool":…,"receipt":…,"reply":…,"trust":…} of
         base64 texts; answers each with one line of JSON`;

class UsageError extends Error {}

const FILE_OPTIONS = { "--pool": "poolFile", "--receipt": "receipt", "--reply": "reply", "--trust": "trust" } as const;

interface Request {
  readonly bundle: Uint8Array;
  readonly options: Options;
  readonly json: boolean;
}

function load(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    throw new UsageError(`cannot read ${path}`);
  }
}

function parse(words: readonly string[]): Request {
  const options: { -readonly [K in keyof Options]: Options[K] } = {};
  const paths: string[] = [];
  let json = false;
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--json") json = true;
    else if (Object.hasOwn(FILE_OPTIONS, word)) options[FILE_OPTIONS[word as keyof typeof FILE_OPTIONS]] = load(rest.shift() ?? "");
    else if (word.startsWith("--")) throw new UsageError(`unknown option ${word}`);
    else paths.push(word);
  }
  const [path] = paths;
  if (path === undefined || paths.length > 1) throw new UsageError("name exactly one bundle");
  return { bundle: load(path), options, json };
}

/** The failure as one JSON object. */
function failure({ number, checkName, en, zh, responsible }: ProofError): object {
  return { ok: false, number, name: checkName, en, zh, responsible };
}

function judge(bundle: Uint8Array, options: Options): Report | ProofError {
  try {
    return verify(bundle, options);
  } catch (error) {
    if (error instanceof ProofError) return error;
    throw error;
  }
}

function runVerify(words: readonly string[]): number {
  const { bundle, options, json } = parse(words);
  const outcome = judge(bundle, options);
  const failed = outcome instanceof ProofError;
  if (json) console.log(JSON.stringify(failed ? failure(outcome) : { ok: true, ...outcome }, null, 1));
  else if (failed) console.log(`FAILED ${outcome.number} ${outcome.checkName}\n  ${outcome.zh}\n  ${outcome.en}\n  to act: ${outcome.responsible}`);
  else printReport(outcome);
  return failed ? 1 : 0;
}

function printReport(report: Report): void {
  for (const check of report.checks) {
    if (check.due) console.log(`ok ${String(check.number).padStart(2)} ${check.name.padEnd(16)} ${check.zh.title} · ${check.en.title}`);
  }
  console.log(`\nstage ${report.stage}, levels ${report.levels.join(" + ")}, draw ${report.draw}, round ${report.round}, log size ${report.log.size}`);
  for (const party of report.parties) console.log(`${party.role.padEnd(10)} ${party.fingerprint}  ${party.name}`);
  if (report.rules !== null) {
    console.log(`rules      ${report.rules.id} ${report.rules.version} · not compared with known rule packs · 未与已知规则包比对`);
    for (const layer of report.rules.layers) console.log(`           ${layer.id} ${layer.version} ${layer.digest}`);
  }
  for (const note of report.notes) console.log(`note: ${note.zh}\n      ${note.en}`);
}

function runVectorFile(words: readonly string[]): number {
  const [path] = words;
  if (path === undefined || words.length > 1) throw new UsageError("name exactly one file");
  const bytes = load(path);
  try {
    const outcome = runVectors(bytes);
    console.log(JSON.stringify(outcome, null, 1));
    return outcome.mismatches.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) throw new UsageError("no conformance file");
    throw error;
  }
}

function bytesOf(text: unknown): Uint8Array {
  if (typeof text !== "string") throw new UsageError("base64 text expected");
  return Uint8Array.from(Buffer.from(text, "base64"));
}

function answer(line: string): object {
  const given: unknown = line.startsWith("{") ? JSON.parse(line) : { bundle: line.startsWith('"') ? JSON.parse(line) : line };
  const { bundle, pool, receipt, reply, trust } = given as Record<string, unknown>;
  const options: Options = {
    ...(pool === undefined ? {} : { poolFile: bytesOf(pool) }),
    ...(receipt === undefined ? {} : { receipt: bytesOf(receipt) }),
    ...(reply === undefined ? {} : { reply: bytesOf(reply) }),
    ...(trust === undefined ? {} : { trust: bytesOf(trust) }),
  };
  const outcome = judge(bytesOf(bundle), options);
  if (outcome instanceof ProofError) return failure(outcome);
  return { ok: true, stage: outcome.stage, levels: outcome.levels, notes: outcome.notes.map((note) => note.code) };
}

async function runBatch(): Promise<number> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line === "") continue;
    try {
      console.log(JSON.stringify(answer(line)));
    } catch (error) {
      console.log(JSON.stringify({ ok: false, error: String(error) }));
    }
  }
  return 0;
}

async function main([command, ...words]: readonly string[]): Promise<number> {
  if (command === "verify") return runVerify(words);
  if (command === "vectors") return runVectorFile(words);
  if (command === "batch" && words.length === 0) return runBatch();
  throw new UsageError("name a command");
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const misuse = error instanceof UsageError;
  console.error(misuse ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = misuse ? 2 : 3;
}
