// The proxy of @anthropic-ai/sandbox-runtime, held open through its library interface, with TLS
// termination and one masked variable: it hands out a sentinel and swaps it for the real value.
// Run as `node srt_proxy.mjs PACKAGE_DIR UPSTREAM_PORT`, with BENCH_SECRET and
// NODE_EXTRA_CA_CERTS; prints one line of JSON, ends when its input does.
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const [packageDir, upstreamPort] = process.argv.slice(2)
const entry = pathToFileURL(path.join(packageDir, 'dist', 'index.js'))
const { SandboxManager } = await import(entry.href)
const { version } = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8'))

await SandboxManager.initialize({
  network: {
    allowedDomains: [`127.0.0.1:${upstreamPort}`],
    deniedDomains: [],
    tlsTerminate: {},
  },
  filesystem: { denyRead: [], allowRead: [], allowWrite: [], denyWrite: [] },
  credentials: { envVars: [{ name: 'BENCH_SECRET', mode: 'mask' }] },
})
await SandboxManager.wrapWithSandbox('true') // mints the sentinel; the command is never run

const [[sentinel]] = [...SandboxManager.getSentinelRegistry().entries()]
process.stdout.write(
  JSON.stringify({
    port: SandboxManager.getProxyPort(),
    token: SandboxManager.getProxyAuthToken(),
    ca: SandboxManager.getMitmCA().certPath,
    sentinel,
    version,
  }) + '\n',
)

process.stdin.resume()
process.stdin.on('end', async () => {
  await SandboxManager.reset()
  process.exit(0)
})
