// For a peer that starts Chromium by Playwright: the system's browser, and sites on loopback.
// The peer itself is run as it is.
import { pathToFileURL } from "node:url";

const { chromium } = await import(pathToFileURL(process.env.PEER_PLAYWRIGHT).href);
const launch = chromium.launch.bind(chromium);
chromium.launch = (given = {}) =>
  launch({
    ...given,
    executablePath: process.env.PEER_CHROMIUM,
    args: [
      ...(given.args ?? []),
      `--host-resolver-rules=${process.env.PEER_RESOLVE}`,
      "--ignore-certificate-errors",
    ],
  });
