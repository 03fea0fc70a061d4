//go:build tools

// The programs of Hyperledger Fabric that a network is made of. Their release has no go.mod of its own, so that nothing but this folder's go.mod
// and go.sum says what they are built of: the versions are those of the release's own vendor list.
package tools

import (
	_ "github.com/hyperledger/fabric/cmd/configtxgen"
	_ "github.com/hyperledger/fabric/cmd/configtxlator"
	_ "github.com/hyperledger/fabric/cmd/orderer"
	_ "github.com/hyperledger/fabric/cmd/peer"
)
