"""An origin server for tests of the proxy: python3 origin.py PORT. HTTP/1.1 on 127.0.0.1, written on sockets so that
bodies really stream both ways."""
import asyncio
import sys


async def read_head(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    fields = [line.split(": ", 1) for line in lines[1:] if line]
    return method, target, fields


def field(fields, wanted):
    return next((value for name, value in fields if name.lower() == wanted), None)


async def body_pieces(reader, fields, trailers=None):
    if (field(fields, "transfer-encoding") or "").lower() == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readline()
        while (line := (await reader.readline()).decode("latin-1").strip()):
            if trailers is not None:
                trailers.append(line.replace(": ", "=") + ";")
        return
    left = int(field(fields, "content-length") or 0)
    while left:
        piece = await reader.read(min(left, 65536))
        if not piece:
            return
        left -= len(piece)
        yield piece


def send(writer, status, body=b"", extra=""):
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body)


async def send_chunks(writer, pieces):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    async for piece in pieces:
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\n\r\n")


async def drip():
    for i in range(10):
        yield b"drop %d\n" % i
        await asyncio.sleep(0.1)


async def answer(reader, writer):
    method, target, fields = await read_head(reader)
    path = target.split("?")[0]
    if path == "/upgrade" and "upgrade" not in (field(fields, "connection") or "").lower():
        send(writer, "426 Upgrade Required")
        await writer.drain()
        return True
    if path in ("/upgrade", "/switch"):
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        return False
    if path == "/trailers":
        trailers = []
        async for _ in body_pieces(reader, fields, trailers):
            pass
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
                     + f"Seen: {''.join(trailers)}\r\n\r\n".encode())
        await writer.drain()
        return True
    if path == "/expect-refuse":  # Without the body, which may not come.
        send(writer, "401 Unauthorized", b"who are you\n", "Connection: close\r\n")
        await writer.drain()
        return False
    if path == "/expect":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if path == "/early":
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\n\r\n")
        await writer.drain()
    if path == "/left":  # Says when the client has.
        print("waiting", flush=True)
        while await reader.read(65536):
            pass
        print("left", flush=True)
        return False
    if path == "/never-read":
        await asyncio.sleep(60)
        return False
    if path == "/echo":
        await send_chunks(writer, body_pieces(reader, fields))
        return True
    if path == "/refuse":
        send(writer, "413 Content Too Large", b"too large\n", "Connection: close\r\n")
        await writer.drain()
        return False
    size = 0
    async for piece in body_pieces(reader, fields):
        size += len(piece)
    if path.startswith("/seen"):
        send(writer, "200 OK", f"\nseen {method} {target} {size}\n".encode())
    elif path.startswith("/expect"):
        send(writer, "200 OK", f"took {size}, expecting {field(fields, 'expect')}\n".encode())
    elif path == "/hsts":
        send(writer, "200 OK", b"hello\n", "Strict-Transport-Security: max-age=1\r\n")
    elif path.endswith("/headers"):
        seen = "".join(f"{name}: {value}\n" for name, value in fields)
        send(writer, "200 OK", f"{method} {target}\n{seen}".encode())
    elif path == "/big":
        send(writer, "200 OK", b"0123456789abcdef" * (int(target.split("?")[1]) // 16))
    elif path == "/drip":
        await send_chunks(writer, drip())
    elif path == "/slow":
        await asyncio.sleep(60)
    elif path == "/close":
        return False
    elif path == "/cut":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789")
        await writer.drain()
        return False
    elif path == "/cut-chunked":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n5\r\n01")
        await writer.drain()
        return False
    else:
        send(writer, "200 OK", b"hello\n", "X-Origin: yes\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\n")
    await writer.drain()
    return True


async def serve(reader, writer):
    try:
        while await answer(reader, writer):
            pass
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), limit=1 << 20)
    async with server:
        await server.serve_forever()


asyncio.run(main())
