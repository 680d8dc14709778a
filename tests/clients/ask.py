"""Asks an MCP server as a client does, with the official client, and prints what it said as one JSON object.

Usage: ask.py CALLS PROGRAM ARGUMENT..., where CALLS is a JSON list of [tool, arguments].
"""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    calls, program, *arguments = sys.argv[1:]
    server = StdioServerParameters(command=program, args=arguments)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        begun = await session.initialize()
        tools = await session.list_tools()
        answers = []
        for tool, asked in json.loads(calls):
            # The client checks structured content against the tool's output schema, and raises where it differs.
            answer = await session.call_tool(tool, asked)
            answers.append(answer.model_dump(mode="json", by_alias=True, exclude_none=True))
    print(
        json.dumps(
            {
                "initialized": begun.model_dump(mode="json", by_alias=True, exclude_none=True),
                "tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools.tools],
                "answers": answers,
            }
        )
    )


asyncio.run(main())
