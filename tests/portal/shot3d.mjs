import { chromium } from 'playwright-core'
const url=process.argv[2]; const out=process.argv[3]; const script=process.argv[4]
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--no-sandbox','--use-gl=angle','--use-angle=swiftshader','--enable-unsafe-swiftshader','--ignore-gpu-blocklist','--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']})
const p=await b.newPage({viewport:{width:1280,height:800}})
const logs=[]; p.on('console',m=>logs.push(m.type()+': '+m.text())); p.on('pageerror',e=>logs.push('ERR '+e)); p.on('requestfailed',r=>logs.push('FAILED '+r.url()));p.on('response',r=>{if(r.status()>=400)logs.push(r.status()+' '+r.url())})
await p.goto(url); const t0=Date.now()
try { await p.waitForFunction(()=>window.onemap?.scene?.scene?.settled && window.onemap.scene.active,{timeout:120000}) } catch(e){logs.push('timeout '+e)}
await p.waitForTimeout(3000)
if(script){ await p.evaluate(script); await p.waitForTimeout(4000); try{await p.waitForFunction(()=>window.onemap.scene.scene.settled,{timeout:60000})}catch{} await p.waitForTimeout(1500)}
await p.screenshot({path:out,timeout:90000})
console.log(Date.now()-t0,'ms'); console.log(logs.slice(0,15).join('\n'))
await b.close()
