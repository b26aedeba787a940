module plimsoll.dev/schemas/generate

go 1.24
